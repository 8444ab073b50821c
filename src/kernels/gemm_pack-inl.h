// How matrices are packed for the tiles of gemm_tile-inl.h. Included by
// gemm_simd.cpp, once a level, hence without a pragma. Private to the room.
#if defined(NADIR_KERNELS_GEMM_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NADIR_KERNELS_GEMM_PACK_INL_H_
#undef NADIR_KERNELS_GEMM_PACK_INL_H_
#else
#define NADIR_KERNELS_GEMM_PACK_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <hwy/highway.h>

#include "kernels/gemm.h"
#include "kernels/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR
constexpr int64_t kQuad = 1;

HWY_INLINE void transpose_quad(
    const MatrixView& src, int64_t row, int64_t term, float* dst, int64_t) {
  *dst = src.stored_row(row)[term];
}
#else
constexpr int64_t kQuad = 4;

// Four terms of four stored rows become four rows of `dst`.
HWY_INLINE void transpose_quad(
    const MatrixView& src,
    int64_t row,
    int64_t term,
    float* dst,
    int64_t dst_stride) {
  const hn::Full128<float> d;
  const auto row0 = hn::LoadU(d, src.stored_row(row) + term);
  const auto row1 = hn::LoadU(d, src.stored_row(row + 1) + term);
  const auto row2 = hn::LoadU(d, src.stored_row(row + 2) + term);
  const auto row3 = hn::LoadU(d, src.stored_row(row + 3) + term);
  const auto even01 = hn::InterleaveLower(d, row0, row2);
  const auto odd01 = hn::InterleaveLower(d, row1, row3);
  const auto even23 = hn::InterleaveUpper(d, row0, row2);
  const auto odd23 = hn::InterleaveUpper(d, row1, row3);
  hn::StoreU(hn::InterleaveLower(d, even01, odd01), d, dst);
  hn::StoreU(hn::InterleaveUpper(d, even01, odd01), d, dst + dst_stride);
  hn::StoreU(hn::InterleaveLower(d, even23, odd23), d, dst + 2 * dst_stride);
  hn::StoreU(hn::InterleaveUpper(d, even23, odd23), d, dst + 3 * dst_stride);
}
#endif

// Stored rows of length k become columns kWidth apart, in blocks whose lines
// stay in cache; those beyond `count` are 0.
template <int64_t kWidth>
HWY_INLINE void interleave(
    const MatrixView& src, int64_t k, int64_t count, float* dst) {
  constexpr int64_t kBlock = 16;
  for (int64_t i = 0; i < k; i += kBlock) {
    const int64_t end = std::min(k, i + kBlock);
    int64_t row = 0;
    for (; row + kQuad <= std::min(kWidth, count); row += kQuad) {
      int64_t t = i;
      for (; t + kQuad <= end; t += kQuad) {
        transpose_quad(src, row, t, dst + t * kWidth + row, kWidth);
      }
      for (; t < end; ++t) {
        for (int64_t j = row; j < row + kQuad; ++j) {
          dst[t * kWidth + j] = src.stored_row(j)[t];
        }
      }
    }
    for (; row < kWidth; ++row) {
      const float* const values = row < count ? src.stored_row(row) : nullptr;
      for (int64_t t = i; t < end; ++t) {
        dst[t * kWidth + row] = values == nullptr ? 0 : values[t];
      }
    }
  }
}

// Row t of a panel are kWidth values of stored row t.
template <int64_t kWidth>
HWY_INLINE void copy_rows(
    const MatrixView& src, int64_t k, int64_t count, float* dst) {
  if (count == kWidth) {
    for (int64_t i = 0; i < k; ++i) {
      std::memcpy(dst + i * kWidth, src.stored_row(i), kWidth * sizeof(float));
    }
    return;
  }
  for (int64_t i = 0; i < k; ++i) {
    const float* const row = src.stored_row(i);
    for (int64_t j = 0; j < kWidth; ++j) {
      dst[i * kWidth + j] = j < count ? row[j] : 0;
    }
  }
}

void pack_terms_all(
    const MatrixView& rows, const Terms& terms, int64_t n, float* packed) {
  for (int64_t col = 0; col < n; col += kPanelCols) {
    const int64_t num_cols = std::min(kPanelCols, n - col);
    const int64_t width = panel_width(num_cols);
    float* const panel = packed + col * terms.all + terms.first * width;
    if (width == kPanelCols) {
      copy_rows<kPanelCols>(rows.at(0, col), terms.count, num_cols, panel);
    } else {
      copy_rows<kLanes>(rows.at(0, col), terms.count, num_cols, panel);
    }
  }
}

void pack_all(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  if (!b.is_transposed) {
    pack_terms_all(b, {0, k, k}, n, packed);
    return;
  }
  for (int64_t col = 0; col < n; col += kPanelCols) {
    const int64_t num_cols = std::min(kPanelCols, n - col);
    if (panel_width(num_cols) == kPanelCols) {
      interleave<kPanelCols>(b.at(0, col), k, num_cols, packed + col * k);
    } else {
      interleave<kLanes>(b.at(0, col), k, num_cols, packed + col * k);
    }
  }
}

void pack_left_terms_all(
    const MatrixView& rows, const Terms& terms, int64_t m, float* packed_left) {
  for (int64_t row = 0; row < m; row += kTileRows) {
    copy_rows<kTileRows>(
        rows.at(0, row),
        terms.count,
        std::min(kTileRows, m - row),
        packed_left + row * terms.all + terms.first * kTileRows);
  }
}

// Tiles of kTileRows rows, term by term; rows that are missing are 0.
void pack_block(const MatrixView& a, int64_t m, int64_t k, float* block) {
  for (int64_t row = 0; row < m; row += kTileRows) {
    const int64_t num_rows = std::min(kTileRows, m - row);
    float* const tile = block + row * k;
    if (a.is_transposed) {
      copy_rows<kTileRows>(a.at(row, 0), k, num_rows, tile);
    } else {
      interleave<kTileRows>(a.at(row, 0), k, num_rows, tile);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#endif
