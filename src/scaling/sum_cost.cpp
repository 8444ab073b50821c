#include "scaling/sum_cost.h"

#include <algorithm>

#include "core/error.h"

namespace nadir::scaling {
namespace {

struct Line {
  double at_zero = 0;
  double slope = 0;
};

// Weights 1 / y^2: an error of a tenth counts alike for small and large sums.
Line fit_line(const std::vector<TimedSum>& sums, double TimedSum::*y) {
  double w = 0;
  double wx = 0;
  double wxx = 0;
  double wy = 0;
  double wxy = 0;
  for (const auto& sum : sums) {
    const double value = std::max(sum.*y, 1e-9);
    const double weight = 1 / (value * value);
    w += weight;
    wx += weight * sum.num_bytes;
    wxx += weight * sum.num_bytes * sum.num_bytes;
    wy += weight * value;
    wxy += weight * sum.num_bytes * value;
  }
  const double determinant = w * wxx - wx * wx;
  NADIR_ASSERT(determinant > 0);
  Line line{
      (wxx * wy - wx * wxy) / determinant, (w * wxy - wx * wy) / determinant};
  if (line.at_zero < 0) {
    line = {0, wxy / wxx};
  }
  line.slope = std::max(line.slope, 0.0);
  return line;
}

}  // namespace

SumCost fit_sum_cost(const std::vector<TimedSum>& sums) {
  NADIR_ASSERT(sums.size() >= 2);
  const Line wall = fit_line(sums, &TimedSum::wall_s);
  const Line processor = fit_line(sums, &TimedSum::processor_s);
  SumCost cost;
  cost.latency_s = wall.at_zero;
  cost.bytes_per_s = 1 / std::max(wall.slope, 1e-15);
  cost.processor_s_per_sum = processor.at_zero;
  cost.processor_s_per_byte = processor.slope;
  return cost;
}

}  // namespace nadir::scaling
