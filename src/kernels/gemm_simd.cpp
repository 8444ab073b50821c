#include <algorithm>
#include <cstring>

#include "kernels/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;
constexpr int64_t kLanes = HWY_LANES(float);

// A tile of registers: kTileRows x two vectors. With 32 registers of 512 bits
// 12 rows leave room for two columns and a factor; with 16, six.
constexpr int64_t kPanelCols = 2 * kLanes;
constexpr int64_t kTileRows = kLanes == 16 ? 12 : 6;

// Rows of `a` that are packed at a time, so that they stay in the second level
// of cache, and terms that are summed in registers: a panel of so many rows
// fits into the first level.
constexpr int64_t kBlockRows = (48 / kTileRows) * kTileRows;
constexpr int64_t kBlockTerms = 384;

int64_t panel_cols_all() {
  return kPanelCols;
}

int64_t scratch_size_all(int64_t k) {
  return kBlockRows * std::min(k, kBlockTerms) + kTileRows * kPanelCols;
}

// Rows of length k become columns kWidth apart, in blocks whose lines stay in
// cache; those beyond `count` are 0.
template <int64_t kWidth>
HWY_INLINE void interleave(
    const float* src, int64_t stride, int64_t k, int64_t count, float* dst) {
  constexpr int64_t kBlock = 16;
  for (int64_t i = 0; i < k; i += kBlock) {
    const int64_t end = std::min(k, i + kBlock);
    for (int64_t j = 0; j < kWidth; ++j) {
      const float* const row = src + j * stride;
      if (j < count) {
        for (int64_t t = i; t < end; ++t) {
          dst[t * kWidth + j] = row[t];
        }
      } else {
        for (int64_t t = i; t < end; ++t) {
          dst[t * kWidth + j] = 0;
        }
      }
    }
  }
}

// Row t of a panel are kWidth values of row t of `src`.
template <int64_t kWidth>
HWY_INLINE void copy_rows(
    const float* src, int64_t stride, int64_t k, int64_t count, float* dst) {
  if (count == kWidth) {
    for (int64_t i = 0; i < k; ++i) {
      std::memcpy(dst + i * kWidth, src + i * stride, kWidth * sizeof(float));
    }
    return;
  }
  for (int64_t i = 0; i < k; ++i) {
    for (int64_t j = 0; j < kWidth; ++j) {
      dst[i * kWidth + j] = j < count ? src[i * stride + j] : 0;
    }
  }
}

void pack_all(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  for (int64_t col = 0; col < n; col += kPanelCols) {
    const int64_t num_cols = std::min(kPanelCols, n - col);
    const MatrixView part = b.at(0, col);
    float* const panel = packed + col * k;
    if (b.is_transposed) {
      interleave<kPanelCols>(part.data, b.stride, k, num_cols, panel);
    } else {
      copy_rows<kPanelCols>(part.data, b.stride, k, num_cols, panel);
    }
  }
}

// Tiles of kTileRows rows, term by term; rows that are missing are 0.
void pack_block(const MatrixView& a, int64_t m, int64_t k, float* block) {
  for (int64_t row = 0; row < m; row += kTileRows) {
    const int64_t num_rows = std::min(kTileRows, m - row);
    const MatrixView part = a.at(row, 0);
    float* const tile = block + row * k;
    if (a.is_transposed) {
      copy_rows<kTileRows>(part.data, a.stride, k, num_rows, tile);
    } else {
      interleave<kTileRows>(part.data, a.stride, k, num_rows, tile);
    }
  }
}

// The values that a term of the sums multiplies, one a row of the tile: as
// they were packed, beside each other,
struct PackedRows {
  const float* next;

  [[nodiscard]] HWY_INLINE float at(int64_t row) const { return next[row]; }

  HWY_INLINE void step() { next += kTileRows; }
};

// or in the rows of a matrix, which saves the packing. Three rows a pointer:
// processors add one or two strides to an address at no cost.
struct MatrixRows {
  MatrixRows(const float* data, int64_t row_stride) : stride(row_stride) {
    for (int64_t i = 0; i < kTileRows / 3; ++i) {
      bases[i] = data + 3 * i * stride;
    }
  }

  [[nodiscard]] HWY_INLINE float at(int64_t row) const {
    return bases[row / 3][row % 3 * stride];
  }

  HWY_INLINE void step() {
    for (auto& base : bases) {
      ++base;
    }
  }

  int64_t stride;
  const float* bases[kTileRows / 3];
};

// One tile; kInit says what is in `c`.
template <GemmInit kInit, class Rows>
HWY_INLINE void run_tile(
    Rows rows,
    const float* HWY_RESTRICT b,
    int64_t k,
    const float* HWY_RESTRICT bias,
    float* HWY_RESTRICT c,
    int64_t c_stride) {
  const Tag d;
  Vec sums[kTileRows][2];
#pragma GCC unroll 12
  for (int64_t i = 0; i < kTileRows; ++i) {
    sums[i][0] = hn::Zero(d);
    sums[i][1] = hn::Zero(d);
  }
  for (int64_t t = 0; t < k; ++t) {
    const auto left = hn::Load(d, b);
    const auto right = hn::Load(d, b + kLanes);
#pragma GCC unroll 12
    for (int64_t i = 0; i < kTileRows; ++i) {
      const auto factor = hn::Set(d, rows.at(i));
      sums[i][0] = hn::MulAdd(factor, left, sums[i][0]);
      sums[i][1] = hn::MulAdd(factor, right, sums[i][1]);
    }
    rows.step();
    b += kPanelCols;
  }
#pragma GCC unroll 12
  for (int64_t i = 0; i < kTileRows; ++i) {
    for (int64_t half = 0; half < 2; ++half) {
      float* const out = c + i * c_stride + half * kLanes;
      auto sum = sums[i][half];
      if constexpr (kInit == GemmInit::kAddBias) {
        sum = hn::Add(sum, hn::LoadU(d, bias + half * kLanes));
      } else if constexpr (kInit == GemmInit::kAccumulate) {
        sum = hn::Add(sum, hn::LoadU(d, out));
      }
      hn::StoreU(sum, d, out);
    }
  }
}

// A tile at its place in the result: its rows and columns there may be fewer
// than it has; it is then computed whole beside, and copied as far as it goes.
struct TilePlace {
  GemmInit init;
  const float* bias;
  float* c;
  int64_t c_stride;
  int64_t num_rows;
  int64_t num_cols;
};

template <class Rows>
void run_part_tile(
    const Rows& rows,
    const float* b,
    int64_t k,
    const TilePlace& place,
    float* tile) {
  run_tile<GemmInit::kReplace>(rows, b, k, nullptr, tile, kPanelCols);
  for (int64_t i = 0; i < place.num_rows; ++i) {
    for (int64_t j = 0; j < place.num_cols; ++j) {
      float& out = place.c[i * place.c_stride + j];
      const float before = place.init == GemmInit::kAddBias      ? place.bias[j]
                           : place.init == GemmInit::kAccumulate ? out
                                                                 : 0;
      out = before + tile[i * kPanelCols + j];
    }
  }
}

template <class Rows>
void run_tile_at(
    const Rows& rows,
    const float* b,
    int64_t k,
    const TilePlace& place,
    float* tile) {
  if (place.num_rows < kTileRows || place.num_cols < kPanelCols) {
    run_part_tile(rows, b, k, place, tile);
    return;
  }
  switch (place.init) {
    case GemmInit::kReplace:
      run_tile<GemmInit::kReplace>(
          rows, b, k, place.bias, place.c, place.c_stride);
      break;
    case GemmInit::kAddBias:
      run_tile<GemmInit::kAddBias>(
          rows, b, k, place.bias, place.c, place.c_stride);
      break;
    case GemmInit::kAccumulate:
      run_tile<GemmInit::kAccumulate>(
          rows, b, k, place.bias, place.c, place.c_stride);
      break;
  }
}

void gemm_all(
    const MatrixView& a,
    int64_t m,
    int64_t k,
    const float* packed,
    int64_t n,
    GemmInit init,
    const float* bias,
    float* c,
    int64_t c_stride,
    float* scratch) {
  const int64_t block_terms = std::min(k, kBlockTerms);
  float* const block = scratch;
  float* const tile = block + kBlockRows * block_terms;
  for (int64_t row = 0; row < m; row += kBlockRows) {
    const int64_t num_rows = std::min(kBlockRows, m - row);
    for (int64_t first = 0; first < k; first += block_terms) {
      const int64_t terms = std::min(block_terms, k - first);
      const GemmInit how = first == 0 ? init : GemmInit::kAccumulate;
      const MatrixView part = a.at(row, first);
      // Rows of `a` are read where they are, but for a tile at the edge.
      const int64_t in_place =
          a.is_transposed ? 0 : num_rows / kTileRows * kTileRows;
      pack_block(part.at(in_place, 0), num_rows - in_place, terms, block);
      for (int64_t col = 0; col < n; col += kPanelCols) {
        const float* const panel = packed + col * k + first * kPanelCols;
        for (int64_t i = 0; i < num_rows; i += kTileRows) {
          const TilePlace place{
              how,
              bias == nullptr ? bias : bias + col,
              c + (row + i) * c_stride + col,
              c_stride,
              std::min(kTileRows, num_rows - i),
              std::min(kPanelCols, n - col)};
          if (i < in_place) {
            const MatrixRows rows(part.at(i, 0).data, a.stride);
            run_tile_at(rows, panel, terms, place, tile);
          } else {
            const PackedRows rows{block + (i - in_place) * terms};
            run_tile_at(rows, panel, terms, place, tile);
          }
        }
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace nadir::kernels {

HWY_EXPORT(panel_cols_all);
HWY_EXPORT(scratch_size_all);
HWY_EXPORT(pack_all);
HWY_EXPORT(gemm_all);

int64_t gemm_panel_cols() {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(panel_cols_all)();
}

int64_t gemm_packed_size(int64_t k, int64_t n) {
  const int64_t cols = gemm_panel_cols();
  return k * ((n + cols - 1) / cols) * cols;
}

int64_t gemm_scratch_size(int64_t k) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(scratch_size_all)(k);
}

void gemm_pack(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(pack_all)(b, k, n, packed);
}

void gemm(
    const MatrixView& a,
    int64_t m,
    int64_t k,
    const float* packed,
    int64_t n,
    GemmInit init,
    const float* bias,
    float* c,
    int64_t c_stride,
    float* scratch) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(gemm_all)
  (a, m, k, packed, n, init, bias, c, c_stride, scratch);
}

}  // namespace nadir::kernels
#endif
