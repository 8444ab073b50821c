#include "kernels/transpose.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/transpose_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void transpose_all(
    const uint8_t* src,
    int64_t src_stride,
    int64_t rows,
    int64_t cols,
    uint8_t* dst,
    int64_t dst_stride) {
  reference::transpose(src, src_stride, rows, cols, dst, dst_stride);
}

#else

using Block = hn::Full128<uint8_t>;
constexpr int64_t kSide = 16;

// One 16 x 16 block: four rounds of interleaving rows i and i + 8.
void transpose_block(
    const uint8_t* src, int64_t src_stride, uint8_t* dst, int64_t dst_stride) {
  const Block d;
  hn::Vec<Block> rows[kSide];
  for (int64_t i = 0; i < kSide; ++i) {
    rows[i] = hn::LoadU(d, src + i * src_stride);
  }
  for (int round = 0; round < 4; ++round) {
    hn::Vec<Block> next[kSide];
    for (int64_t i = 0; i < kSide / 2; ++i) {
      next[2 * i] = hn::InterleaveLower(d, rows[i], rows[i + kSide / 2]);
      next[2 * i + 1] = hn::InterleaveUpper(d, rows[i], rows[i + kSide / 2]);
    }
    for (int64_t i = 0; i < kSide; ++i) {
      rows[i] = next[i];
    }
  }
  for (int64_t i = 0; i < kSide; ++i) {
    hn::StoreU(rows[i], d, dst + i * dst_stride);
  }
}

void transpose_all(
    const uint8_t* src,
    int64_t src_stride,
    int64_t rows,
    int64_t cols,
    uint8_t* dst,
    int64_t dst_stride) {
  if (rows < kSide || cols < kSide) {
    reference::transpose(src, src_stride, rows, cols, dst, dst_stride);
    return;
  }
  // The last block of a row or column overlaps the one before it.
  for (int64_t r = 0; r < rows; r += kSide) {
    const int64_t row = r + kSide <= rows ? r : rows - kSide;
    for (int64_t c = 0; c < cols; c += kSide) {
      const int64_t col = c + kSide <= cols ? c : cols - kSide;
      transpose_block(
          src + row * src_stride + col,
          src_stride,
          dst + col * dst_stride + row,
          dst_stride);
    }
  }
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(transpose_all);

void transpose(
    const uint8_t* src,
    int64_t src_stride,
    int64_t rows,
    int64_t cols,
    uint8_t* dst,
    int64_t dst_stride) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(transpose_all)
  (src, src_stride, rows, cols, dst, dst_stride);
}

}  // namespace nadir::kernels
#endif
