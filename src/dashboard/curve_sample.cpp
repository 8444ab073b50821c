#include "dashboard/curve_sample.h"

#include <algorithm>
#include <cmath>

namespace nadir::dashboard {
namespace {

struct Part {
  double sum_x = 0;
  double sum = 0;
  double min = 0;
  double max = 0;
  int64_t count = 0;

  void add(double x, double y) {
    min = count == 0 ? y : std::min(min, y);
    max = count == 0 ? y : std::max(max, y);
    sum_x += x;
    sum += y;
    ++count;
  }
};

// Calls take(x, y) for each finite value of the range.
template <class Take>
void for_each_value(
    const std::vector<double>& x,
    const std::vector<double>& y,
    double from,
    double to,
    Take take) {
  const size_t size = std::min(x.size(), y.size());
  for (size_t i = 0; i < size; ++i) {
    if (x[i] >= from && x[i] <= to && std::isfinite(y[i])) {
      take(x[i], y[i]);
    }
  }
}

int64_t count_not_finite(
    const std::vector<double>& x,
    const std::vector<double>& y,
    double from,
    double to) {
  int64_t count = 0;
  const size_t size = std::min(x.size(), y.size());
  for (size_t i = 0; i < size; ++i) {
    count += std::isinf(y[i]) && x[i] >= from && x[i] <= to ? 1 : 0;
  }
  return count;
}

}  // namespace

CurveSample sample_curve(
    const std::vector<double>& x,
    const std::vector<double>& y,
    double from,
    double to,
    int64_t max_points) {
  CurveSample sample;
  sample.num_not_finite = count_not_finite(x, y, from, to);
  double low = to;
  double high = from;
  for_each_value(x, y, from, to, [&](double at, double) {
    ++sample.count;
    low = std::min(low, at);
    high = std::max(high, at);
  });
  if (sample.count <= max_points) {
    for_each_value(x, y, from, to, [&](double at, double value) {
      sample.x.push_back(at);
      sample.mean.push_back(value);
    });
    return sample;
  }
  sample.is_exact = false;
  std::vector<Part> parts(static_cast<size_t>(max_points));
  const double scale =
      high > low ? static_cast<double>(max_points) / (high - low) : 0;
  for_each_value(x, y, from, to, [&](double at, double value) {
    const auto index = static_cast<int64_t>((at - low) * scale);
    parts[static_cast<size_t>(std::min(index, max_points - 1))].add(at, value);
  });
  for (const auto& part : parts) {
    if (part.count > 0) {
      const auto count = static_cast<double>(part.count);
      sample.x.push_back(part.sum_x / count);
      sample.mean.push_back(part.sum / count);
      sample.min.push_back(part.min);
      sample.max.push_back(part.max);
    }
  }
  return sample;
}

}  // namespace nadir::dashboard
