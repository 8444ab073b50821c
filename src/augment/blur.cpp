#include "augment/blur.h"

#include <cmath>

namespace nadir::augment {

// Float32 and float64 are mixed as in Pillow, whose weights these must equal.
float box_radius(float sigma) {
  const float variance =
      sigma * sigma / static_cast<float>(kernels::kBoxPasses);
  const auto length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
  const auto whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
  float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  part /= 6 * (variance - (whole + 1) * (whole + 1));
  return whole + part;
}

kernels::BoxWeights box_weights(float sigma) {
  constexpr int32_t kOne = 1 << 24;
  const float radius = box_radius(sigma);
  const auto whole_rows = static_cast<int32_t>(radius);
  const auto whole = static_cast<uint32_t>(kOne / (radius * 2 + 1));
  const auto edge =
      (kOne - static_cast<uint32_t>(whole_rows * 2 + 1) * whole) / 2;
  return {whole_rows, whole, edge};
}

}  // namespace nadir::augment
