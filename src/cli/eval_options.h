// What the commands that score frozen features share.
#pragma once

#include <memory>
#include <vector>

#include "core/config.h"
#include "distributed/communicator.h"
#include "eval/evaluate_config.h"
#include "eval/features_config.h"
#include "eval/frozen_network.h"
#include "eval/result.h"
#include "eval/splits.h"
#include "eval/splits_config.h"
#include "store/remote_output.h"

namespace nadir::cli {

struct EvalOptions {
  eval::FeaturesConfig features;
  eval::SplitConfig splits;
  eval::EvaluateConfig evaluate;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit.section("Features", features);
    visit.section("Data", splits);
    visit.section("Results", evaluate);
  }
};

// The processes that share the work, the network, and the data with its bands.
struct EvalInputs {
  std::shared_ptr<const distributed::Communicator> group;
  eval::FrozenNetwork frozen;
  eval::Splits splits;
  std::shared_ptr<store::RemoteOutput> output;  // the results' folder
};

// Sets the options that follow from the other processes of this host, and
// paths at s3:// to those of their copies here.
[[nodiscard]] EvalInputs open_eval_inputs(
    EvalOptions& options,
    bool needs_validation,
    const std::shared_ptr<store::RemoteFiles>& remote);

// Writes the JSON where --out or the run says, and prints table or JSON; the
// first rank alone.
void report_evaluation(
    const eval::Evaluation& evaluation,
    const EvalInputs& inputs,
    const EvalOptions& options,
    bool as_json);

}  // namespace nadir::cli
