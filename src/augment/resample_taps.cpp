#include "augment/resample_taps.h"

#include <algorithm>
#include <cmath>

namespace nadir::augment {
namespace {

constexpr double kSupport = 2.0;

double bicubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) {
    return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1;
  }
  if (x < 2.0) {
    return (((x - 5) * x + 8) * x - 4) * kA;
  }
  return 0.0;
}

int32_t to_fixed(double weight) {
  const double scaled = weight * (1 << kernels::kResampleBits);
  return static_cast<int32_t>(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}

}  // namespace

void ResampleTaps::compute(
    int64_t in_size, int64_t out_size, int64_t begin, int64_t count) {
  const double scale =
      static_cast<double>(in_size) / static_cast<double>(out_size);
  const double filter_scale = std::max(scale, 1.0);
  const double support = kSupport * filter_scale;
  const double inverse = 1.0 / filter_scale;
  max_taps_ = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  first_.resize(idx(count));
  num_taps_.resize(idx(count));
  weights_.resize(idx(count * max_taps_));
  fixed_.resize(idx(count * max_taps_));
  for (int64_t i = 0; i < count; ++i) {
    const double center = (static_cast<double>(begin + i) + 0.5) * scale;
    const auto from =
        std::max<int64_t>(static_cast<int64_t>(center - support + 0.5), 0);
    const auto to =
        std::min(static_cast<int64_t>(center + support + 0.5), in_size);
    double* weights = weights_.data() + i * max_taps_;
    double total = 0;
    for (int64_t t = 0; t < to - from; ++t) {
      weights[t] =
          bicubic((static_cast<double>(t + from) - center + 0.5) * inverse);
      total += weights[t];
    }
    for (int64_t t = 0; t < to - from; ++t) {
      if (total != 0.0) {
        weights[t] /= total;
      }
      fixed_[idx(i * max_taps_ + t)] = to_fixed(weights[t]);
    }
    first_[idx(i)] = static_cast<int32_t>(from);
    num_taps_[idx(i)] = static_cast<int32_t>(to - from);
  }
}

kernels::RowTaps ResampleTaps::fixed() const {
  return {first_.data(), num_taps_.data(), fixed_.data(), max_taps_, size()};
}

}  // namespace nadir::augment
