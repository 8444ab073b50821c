#include <algorithm>

#include "kernels/resample.h"

namespace nadir::kernels::reference {

void resample_rows(
    const uint8_t* src,
    int64_t src_stride,
    const RowTaps& taps,
    int64_t width,
    uint8_t* dst,
    int64_t dst_stride) {
  for (int64_t y = 0; y < taps.num_rows; ++y) {
    const int32_t* weights = taps.weights + y * taps.max_taps;
    for (int64_t x = 0; x < width; ++x) {
      int32_t sum = 1 << (kResampleBits - 1);
      for (int32_t t = 0; t < taps.num_taps[y]; ++t) {
        sum += weights[t] * src[(taps.first[y] + t) * src_stride + x];
      }
      dst[y * dst_stride + x] =
          static_cast<uint8_t>(std::clamp(sum >> kResampleBits, 0, 255));
    }
  }
}

}  // namespace nadir::kernels::reference
