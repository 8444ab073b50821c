// A stretch of a curve with no more points than a chart can show.
#pragma once

#include <cstdint>
#include <vector>

namespace nadir::dashboard {

struct CurveSample {
  bool is_exact = true;  // every value is a point of its own
  std::vector<double> x;
  std::vector<double> mean;
  std::vector<double> min;  // empty where exact
  std::vector<double> max;
  int64_t count = 0;           // finite values in the range
  int64_t num_not_finite = 0;  // in the range
};

// The values with `from` <= x <= `to`: all of them where they are at most
// `max_points`, else the mean and extremes of those that fall in each of
// `max_points` equal parts of the range, at their mean x; parts without values
// have no point. Rows are passed over where x or y is NaN; infinity in y counts
// as not finite (runs::MetricsTable).
[[nodiscard]] CurveSample sample_curve(
    const std::vector<double>& x,
    const std::vector<double>& y,
    double from,
    double to,
    int64_t max_points);

}  // namespace nadir::dashboard
