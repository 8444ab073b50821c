#include "report/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace nadir::report {
namespace {

// The round number nearest above or at `rough`.
double round_step(double rough) {
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double lead = rough / power;
  constexpr double kSlack = 1 + 1e-9;
  return power * (lead <= 1 * kSlack   ? 1
                  : lead <= 2 * kSlack ? 2
                  : lead <= 5 * kSlack ? 5
                                       : 10);
}

std::string with_suffix(double tick, double step, double unit, char suffix) {
  const int digits = std::max(
      0, -static_cast<int>(std::floor(std::log10(step / unit) + 1e-9)));
  return fmt::format("{:.{}f}{}", tick / unit, digits, suffix);
}

}  // namespace

std::string Axis::label(double tick) const {
  if (std::abs(tick) < step * 1e-6) {
    return "0";
  }
  const double size = std::max(std::abs(low), std::abs(high));
  if (size >= 1e12 || step < 1e-4) {
    return fmt::format("{:.3g}", tick);
  }
  if (size >= 2e9) {
    return with_suffix(tick, step, 1e9, 'G');
  }
  if (size >= 2e6) {
    return with_suffix(tick, step, 1e6, 'M');
  }
  if (size >= 1e4) {
    return with_suffix(tick, step, 1e3, 'k');
  }
  const int digits =
      std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", tick, digits);
}

Axis make_axis(double low, double high, int num_ticks, double min_step) {
  const double size = std::max(std::abs(low), std::abs(high));
  if (!(high - low > 1e-9 * size)) {
    const double margin = size > 0 ? 0.1 * size : 0.5;
    low -= margin;
    high += margin;
  }
  Axis axis;
  axis.low = low;
  axis.high = high;
  axis.step = std::max(round_step((high - low) / num_ticks), min_step);
  const double first = std::ceil(low / axis.step - 1e-9);
  for (double i = first; i * axis.step <= high + 1e-9 * axis.step; ++i) {
    axis.ticks.push_back(i * axis.step);
  }
  return axis;
}

}  // namespace nadir::report
