#include "scaling/sum_cost.h"

#include <algorithm>

#include "core/error.h"

namespace nadir::scaling {

SumTime interpolated_sum(const std::vector<TimedSum>& sums, double num_bytes) {
  NADIR_ASSERT(!sums.empty());
  const TimedSum& first = sums.front();
  const TimedSum& last = sums.back();
  if (num_bytes <= first.num_bytes) {
    return {first.wall_s, first.processor_s};
  }
  if (num_bytes >= last.num_bytes) {
    const double times = num_bytes / last.num_bytes;
    return {times * last.wall_s, times * last.processor_s};
  }
  const auto above =
      std::find_if(sums.begin(), sums.end(), [num_bytes](const TimedSum& sum) {
        return sum.num_bytes >= num_bytes;
      });
  const auto below = above - 1;
  const double share =
      (num_bytes - below->num_bytes) / (above->num_bytes - below->num_bytes);
  return {
      below->wall_s + share * (above->wall_s - below->wall_s),
      below->processor_s + share * (above->processor_s - below->processor_s)};
}

SumCost fit_sum_cost(const std::vector<TimedSum>& sums) {
  NADIR_ASSERT(sums.size() >= 2);
  // Weights 1 / y^2: an error of a tenth counts alike for small and large sums.
  double w = 0;
  double wx = 0;
  double wxx = 0;
  double wy = 0;
  double wxy = 0;
  for (const auto& sum : sums) {
    const double y = std::max(sum.wall_s, 1e-9);
    const double weight = 1 / (y * y);
    w += weight;
    wx += weight * sum.num_bytes;
    wxx += weight * sum.num_bytes * sum.num_bytes;
    wy += weight * y;
    wxy += weight * sum.num_bytes * y;
  }
  const double determinant = w * wxx - wx * wx;
  NADIR_ASSERT(determinant > 0);
  double latency_s = (wxx * wy - wx * wxy) / determinant;
  double slope = (w * wxy - wx * wy) / determinant;
  if (latency_s < 0) {
    latency_s = 0;
    slope = wxy / wxx;
  }
  return {latency_s, 1 / std::max(slope, 1e-15)};
}

}  // namespace nadir::scaling
