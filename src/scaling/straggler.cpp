#include "scaling/straggler.h"

#include <cmath>

#include "core/error.h"

namespace nadir::scaling {

double expected_largest_normal(int64_t count) {
  NADIR_ASSERT(count >= 1);
  if (count == 1) {
    return 0;
  }
  // The trapezoidal rule: exact to rounding for what falls off this fast.
  constexpr double kEnd = 12;
  constexpr int64_t kIntervals = 4800;
  constexpr double kWidth = 2 * kEnd / kIntervals;
  const double inverse_root_two_pi = 1 / std::sqrt(2 * std::acos(-1.0));
  const auto n = static_cast<double>(count);
  double sum = 0;
  for (int64_t i = 0; i <= kIntervals; ++i) {
    const double x = -kEnd + kWidth * static_cast<double>(i);
    const double density = inverse_root_two_pi * std::exp(-x * x / 2);
    const double below = std::erfc(-x / std::sqrt(2.0)) / 2;
    sum += x * n * density * std::pow(below, n - 1);
  }
  return sum * kWidth;
}

}  // namespace nadir::scaling
