// Axes with round numbers on them.
#pragma once

#include <string>
#include <vector>

namespace nadir::report {

// A range of values and where to mark it.
struct Axis {
  double low = 0;
  double high = 1;
  double step = 0.2;  // between ticks: 1, 2 or 5 times a power of ten
  std::vector<double> ticks;

  // The share of the axis below `value`: 0 at low, 1 at high.
  [[nodiscard]] double place(double value) const {
    return (value - low) / (high - low);
  }

  // "0.25", "20k", "3e-05": as many digits as the step needs.
  [[nodiscard]] std::string label(double tick) const;
};

// An axis over [low, high] with about `num_ticks` ticks. An empty or single
// point range is widened. Ticks are at least `min_step` apart.
[[nodiscard]] Axis make_axis(
    double low, double high, int num_ticks, double min_step = 0);

}  // namespace nadir::report
