// What sums cost on this machine, from sums that were timed.
#pragma once

#include <vector>

#include "scaling/step_simulation.h"

namespace nadir::scaling {

// A sum of that size, the median of several.
struct TimedSum {
  double num_bytes = 0;
  double wall_s = 0;
  double processor_s = 0;  // of all processes
};

// What a sum of `num_bytes` takes: on the line between its neighbours among
// `sums`, which are in order of size, since large sums leave the processor's
// caches and take more for a byte; as the smallest below it, in proportion
// above the largest.
[[nodiscard]] SumTime interpolated_sum(
    const std::vector<TimedSum>& sums, double num_bytes);

// A summary of all sizes.
struct SumCost {
  double latency_s = 0;
  double bytes_per_s = 0;  // num_bytes / (wall time - latency)
};

// The line through the wall times with the least squared relative errors; it
// does not begin below 0. At least two sizes.
[[nodiscard]] SumCost fit_sum_cost(const std::vector<TimedSum>& sums);

}  // namespace nadir::scaling
