// `nadir eval knn` and `nadir eval linear`: features of all images, once; then
// votes or probes for the weights, for random weights of the same network and
// for image statistics, side by side.
#pragma once

#include <filesystem>
#include <optional>

#include "distributed/communicator.h"
#include "eval/evaluate_config.h"
#include "eval/features_config.h"
#include "eval/frozen_network.h"
#include "eval/knn_config.h"
#include "eval/linear_probe_config.h"
#include "eval/prediction.h"
#include "eval/probe.h"
#include "eval/result.h"
#include "eval/splits.h"

namespace nadir::eval {

// With several processes in `group`, each makes its share of the features and
// all must call; the result, the same bits as one process's, is the first
// rank's, and without rows on the others. Throws Error{kDistributed} where the
// ranks do not see the same images, or a peer is lost.
//
// Votes are fixed beforehand: k = 20 where it is among those asked for, else
// the smallest; scores for every k stand in the row's details.
[[nodiscard]] Evaluation run_knn(
    const FrozenNetwork& frozen,
    const Splits& splits,
    const FeaturesConfig& features,
    const KnnConfig& knn,
    const EvaluateConfig& config,
    const distributed::Communicator& group = distributed::Communicator());

struct LinearEvaluation {
  Evaluation evaluation;
  Probe probe;              // of the weights, not of a baseline
  Predictions predictions;  // the probe's, of the test images
};

// The validation images select learning rate, features and thresholds; the
// test images are scored once.
[[nodiscard]] LinearEvaluation run_linear(
    const FrozenNetwork& frozen,
    const Splits& splits,
    const FeaturesConfig& features,
    const LinearProbeConfig& probe,
    const EvaluateConfig& config,
    const distributed::Communicator& group = distributed::Communicator());

// Where results go: config.out, else eval/ of the run, else nothing.
[[nodiscard]] std::filesystem::path output_folder(
    const FrozenNetwork& frozen, const EvaluateConfig& config);

// Writes <folder>/<kind>.json; does nothing where `folder` is empty.
void write_evaluation(
    const Evaluation& evaluation, const std::filesystem::path& folder);

}  // namespace nadir::eval
