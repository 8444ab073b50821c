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

struct SumCost {
  double latency_s = 0;
  double bytes_per_s = 0;  // num_bytes / (wall time - latency)
  double processor_s_per_sum = 0;
  double processor_s_per_byte = 0;

  [[nodiscard]] SumTime of(double num_bytes) const {
    return {
        latency_s + num_bytes / bytes_per_s,
        processor_s_per_sum + num_bytes * processor_s_per_byte};
  }
};

// The line through `sums` with the least squared relative errors, for wall and
// processor time; neither falls below 0. At least two sizes.
[[nodiscard]] SumCost fit_sum_cost(const std::vector<TimedSum>& sums);

}  // namespace nadir::scaling
