// What the tensors of an optimiser step take on the CPU, from what lives at the
// same time in the code of forward, loss, backward and optimiser.
#pragma once

#include <cstdint>

#include "train/pretrain_config.h"

namespace nadir::train {

// Bytes, but for the views. Paths that stochastic depth leaves out are counted
// by their mean.
struct StepMemory {
  double peak = 0;        // of a step
  double first_peak = 0;  // of the run's first, which has no moments yet
  double resting = 0;     // between steps, gradients included
  double state = 0;       // what a checkpoint holds: networks and optimiser
  double prototypes = 0;  // the directions of prototypes: the largest tensor
  double block = 0;       // what a block in the middle keeps for backward
  // What its attention computes again, and its gradients; 0 where it is kept.
  double computed_again = 0;
};

// Of one process of `world_size`. The configuration is checked already.
[[nodiscard]] StepMemory step_memory(
    const PretrainConfig& config, int64_t num_bands, int64_t world_size);

}  // namespace nadir::train
