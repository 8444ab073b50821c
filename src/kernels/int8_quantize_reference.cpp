#include <algorithm>
#include <cmath>

#include "kernels/int8_gemm.h"

namespace nadir::kernels::reference {

void int8_quantize(
    const float* rows,
    int64_t stride,
    int64_t m,
    int64_t k,
    const float* centre,
    const Int8Rows& out) {
  for (int64_t i = 0; i < m; ++i) {
    const auto value_at = [&](int64_t t) {
      return rows[i * stride + t] - (centre != nullptr ? centre[t] : 0);
    };
    float lowest = 0;
    float highest = 0;
    float not_finite = 0;  // or NaN
    for (int64_t t = 0; t < k; ++t) {
      lowest = std::min(lowest, value_at(t));
      highest = std::max(highest, value_at(t));
      not_finite += value_at(t) - value_at(t);
    }
    const float range = highest - lowest;
    const float scale = (range > 0 ? range / 255 : 1) + not_finite;
    const float zero =
        std::isfinite(scale) ? std::nearbyint(-lowest / scale) : 0;
    uint8_t* const values = out.values + i * int8_row_size(k);
    for (int64_t t = 0; t < int8_row_size(k); ++t) {
      const float value = t < k && std::isfinite(scale)
                              ? std::nearbyint(value_at(t) / scale) + zero
                              : 0;
      values[t] = static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
    }
    out.scales[i] = scale;
    out.zeros[i] = static_cast<int32_t>(zero);
  }
}

}  // namespace nadir::kernels::reference
