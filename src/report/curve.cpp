#include "report/curve.h"

#include <algorithm>
#include <cmath>

namespace nadir::report {

void Curve::join(Bucket& into, const Bucket& other) {
  into.sum_x += other.sum_x;
  into.sum += other.sum;
  into.min = std::min(into.min, other.min);
  into.max = std::max(into.max, other.max);
  into.count += other.count;
  into.size += other.size;
}

void Curve::add(double x, double y) {
  if (buckets_.empty() || buckets_.back().size == bucket_size_) {
    if (buckets_.size() == kMaxPoints) {
      for (size_t i = 0; i < kMaxPoints / 2; ++i) {
        buckets_[i] = buckets_[2 * i];
        join(buckets_[i], buckets_[2 * i + 1]);
      }
      buckets_.resize(kMaxPoints / 2);
      bucket_size_ *= 2;
    }
    buckets_.emplace_back();
  }
  last_is_finite_ = std::isfinite(y);
  if (!last_is_finite_) {
    ++buckets_.back().size;
    ++num_not_finite_;
    return;
  }
  join(buckets_.back(), {x, y, y, y, 1, 1});
  if (num_finite_ == 0) {
    first_ = y;
  }
  if (num_finite_ == 0 || y > max_) {
    max_ = y;
    max_x_ = x;
  }
  min_ = num_finite_ == 0 ? y : std::min(min_, y);
  last_ = y;
  last_x_ = x;
  ++num_finite_;
}

std::vector<CurvePoint> Curve::points() const {
  std::vector<CurvePoint> points;
  points.reserve(buckets_.size());
  for (const auto& bucket : buckets_) {
    if (bucket.count > 0) {
      const auto count = static_cast<double>(bucket.count);
      points.push_back(
          {bucket.sum_x / count, bucket.sum / count, bucket.min, bucket.max});
    }
  }
  return points;
}

double Curve::head_mean() const {
  const auto all = points();
  const size_t count = (all.size() + 19) / 20;
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += all[i].mean;
  }
  return sum / static_cast<double>(count);
}

double Curve::tail_mean() const {
  const auto all = points();
  const size_t count = (all.size() + 19) / 20;
  double sum = 0;
  for (size_t i = all.size() - count; i < all.size(); ++i) {
    sum += all[i].mean;
  }
  return sum / static_cast<double>(count);
}

}  // namespace nadir::report
