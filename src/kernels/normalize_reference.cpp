#include "kernels/normalize.h"

namespace nadir::kernels::reference {

void normalize(
    const uint8_t* src,
    int64_t height,
    int64_t width,
    bool flip_rows,
    bool flip_cols,
    float scale,
    float offset,
    float* dst) {
  for (int64_t r = 0; r < height; ++r) {
    const uint8_t* row = src + (flip_rows ? height - 1 - r : r) * width;
    for (int64_t c = 0; c < width; ++c) {
      const float value = row[flip_cols ? width - 1 - c : c];
      dst[r * width + c] = scale * value + offset;
    }
  }
}

}  // namespace nadir::kernels::reference
