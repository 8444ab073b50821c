#include "kernels/transpose.h"

namespace nadir::kernels::reference {

void transpose(
    const uint8_t* src,
    int64_t src_stride,
    int64_t rows,
    int64_t cols,
    uint8_t* dst,
    int64_t dst_stride) {
  for (int64_t c = 0; c < cols; ++c) {
    for (int64_t r = 0; r < rows; ++r) {
      dst[c * dst_stride + r] = src[r * src_stride + c];
    }
  }
}

}  // namespace nadir::kernels::reference
