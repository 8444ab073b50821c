// How long a step takes on many GPUs, and what it waits for.
#pragma once

#include <cstdint>
#include <string>

#include "scaling/all_reduce_cost.h"
#include "scaling/step_simulation.h"

namespace nadir::scaling {

struct ScalingInput {
  StepTimeline timeline;  // of one GPU
  int64_t images_per_gpu = 0;
  Network network;
  double step_spread = 0;  // standard deviation over mean of a GPU's step
  double loader_images_per_s = 0;  // of one host; 0: as many as are wanted
};

enum class Limit { kCompute, kNetwork, kStragglers, kData };

// "compute", "network", "stragglers", "data".
[[nodiscard]] std::string name_of(Limit limit);

struct Prediction {
  int64_t num_gpus = 0;
  double step_s = 0;
  double images_per_s = 0;
  double efficiency = 0;  // of one GPU's images/s without any wait
  double exposed_s = 0;   // of sums that backward does not hide
  double straggler_s = 0;
  double data_wait_s = 0;
  double loader_images_per_s = 0;  // that each host needs not to wait
  // The longest wait; compute where all waits are under a tenth of the step.
  Limit limit = Limit::kCompute;
};

// Weak scaling: the batch of a GPU stays. Throws what all_reduce_s() throws,
// and Error{kInvalidArgument} on a timeline without compute, a batch without
// images, a negative spread or rate.
[[nodiscard]] Prediction predict(
    const ScalingInput& input, Algorithm algorithm, int64_t num_gpus);

}  // namespace nadir::scaling
