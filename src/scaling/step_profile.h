// Steps of a learner over random images, timed.
#pragma once

#include <cstdint>
#include <memory>

#include "distributed/communicator.h"
#include "scaling/profiled_steps.h"
#include "train/pretrain_config.h"

namespace nadir::scaling {

// Makes the learner and drops it. Throws Error{kInvalidArgument} on fields out
// of range.
void check_learner(const train::PretrainConfig& config, int64_t num_bands);

// Takes two steps to warm up and `num_steps` that are timed, on the CPU with
// LibTorch's threads as they are set. The ranks of `group` share each step
// where `is_joined`, else each takes its own, all beginning together.
// Collective. Throws what train::DinoLearner throws.
[[nodiscard]] ProfiledSteps profile_steps(
    const train::PretrainConfig& config,
    int64_t num_bands,
    int64_t num_steps,
    bool is_joined,
    const std::shared_ptr<const distributed::Communicator>& group);

}  // namespace nadir::scaling
