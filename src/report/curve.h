// A curve of any length in bounded memory: what a chart of it can show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace nadir::report {

// Neighbouring values taken together.
struct CurvePoint {
  double x = 0;  // mean of theirs
  double mean = 0;
  double min = 0;
  double max = 0;
};

// Takes values in order of x and keeps at most 500 points; when they are full,
// neighbours are joined two by two, so that every minimum and maximum stays.
class Curve {
 public:
  static constexpr size_t kMaxPoints = 500;

  // Values that are no numbers are counted, not drawn.
  void add(double x, double y);

  // Points in order of x; empty if no value was finite.
  [[nodiscard]] std::vector<CurvePoint> points() const;

  [[nodiscard]] bool empty() const { return num_finite_ == 0; }

  [[nodiscard]] int64_t num_finite() const { return num_finite_; }

  [[nodiscard]] int64_t num_not_finite() const { return num_not_finite_; }

  [[nodiscard]] bool last_is_finite() const { return last_is_finite_; }

  // Extremes and ends over all finite values; NaN if there are none.
  [[nodiscard]] double min() const { return min_; }

  [[nodiscard]] double max() const { return max_; }

  [[nodiscard]] double first() const { return first_; }

  [[nodiscard]] double last() const { return last_; }

  [[nodiscard]] double last_x() const { return last_x_; }

  [[nodiscard]] double max_x() const { return max_x_; }  // where max() is

  // Means over the first and the last twentieth of the values, at least one:
  // steadier than the ends of a noisy curve.
  [[nodiscard]] double head_mean() const;
  [[nodiscard]] double tail_mean() const;

 private:
  struct Bucket {
    double sum_x = 0;
    double sum = 0;
    double min = std::numeric_limits<double>::infinity();
    double max = -std::numeric_limits<double>::infinity();
    int64_t count = 0;  // finite values
    int64_t size = 0;   // all values
  };

  static void join(Bucket& into, const Bucket& other);

  std::vector<Bucket> buckets_;
  int64_t bucket_size_ = 1;
  int64_t num_finite_ = 0;
  int64_t num_not_finite_ = 0;
  bool last_is_finite_ = true;
  double min_ = std::numeric_limits<double>::quiet_NaN();
  double max_ = min_;
  double first_ = min_;
  double last_ = min_;
  double last_x_ = min_;
  double max_x_ = min_;
};

}  // namespace nadir::report
