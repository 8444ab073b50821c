// The k-NN score that follows a pretraining run.
#pragma once

#include <c10/core/Device.h>

#include "cli/pretrain_data.h"
#include "train/trainer.h"

namespace nadir::cli {

// What the score keeps in memory, at most.
[[nodiscard]] double bytes_of_knn_images(
    const train::PretrainConfig& config, const PretrainData& data);

// Scores by k-NN on the data's labels, with all ranks of `group`; empty where
// there are none.
[[nodiscard]] train::Evaluate make_knn_evaluation(
    const train::PretrainConfig& config,
    const PretrainData& data,
    c10::Device device,
    std::shared_ptr<const distributed::Communicator> group);

}  // namespace nadir::cli
