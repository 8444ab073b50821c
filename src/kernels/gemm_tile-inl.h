// Tiles of a product of matrices: sums held in registers. Included by
// gemm_simd.cpp, once a level, hence without a pragma. Private to the room.
#if defined(NADIR_KERNELS_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NADIR_KERNELS_GEMM_TILE_INL_H_
#undef NADIR_KERNELS_GEMM_TILE_INL_H_
#else
#define NADIR_KERNELS_GEMM_TILE_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/gemm.h"

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

// The last panel is one vector wide where that is enough.
constexpr int64_t panel_width(int64_t num_cols) {
  return num_cols <= kLanes ? kLanes : kPanelCols;
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
  explicit MatrixRows(const MatrixView& view) : stride(view.stride) {
    for (int64_t i = 0; i < kTileRows / 3; ++i) {
      bases[i] = view.stored_row(3 * i);
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

// or in rows that are picked,
struct PickedRows {
  explicit PickedRows(const MatrixView& view) {
    for (int64_t i = 0; i < kTileRows; ++i) {
      bases[i] = view.stored_row(i);
    }
  }

  [[nodiscard]] HWY_INLINE float at(int64_t row) const {
    return bases[row][term];
  }

  HWY_INLINE void step() { ++term; }

  int64_t term = 0;
  const float* bases[kTileRows];
};

// or in the columns of either,
struct TransposedRows {
  explicit TransposedRows(const MatrixView& view)
      : next(view.data), stride(view.stride) {}

  [[nodiscard]] HWY_INLINE float at(int64_t row) const { return next[row]; }

  HWY_INLINE void step() { next += stride; }

  const float* next;
  int64_t stride;
};

struct PickedTransposedRows {
  explicit PickedTransposedRows(const MatrixView& view)
      : data(view.data),
        stride(view.stride),
        picked(view.picked),
        picked_next(
            view.picked_next == nullptr ? view.picked : view.picked_next) {}

  [[nodiscard]] HWY_INLINE float at(int64_t row) const {
    return data[*picked * stride + row];
  }

  HWY_INLINE void step() {
    hwy::Prefetch(data + *picked_next * stride);
    ++picked;
    ++picked_next;
  }

  const float* data;
  int64_t stride;
  const int64_t* picked;
  const int64_t* picked_next;  // or `picked` again
};

// or those of two tiles.
template <class Rows>
struct RowPair {
  Rows first;
  Rows second;

  [[nodiscard]] HWY_INLINE float at(int64_t row) const {
    return row < kTileRows ? first.at(row) : second.at(row - kTileRows);
  }

  HWY_INLINE void step() {
    first.step();
    second.step();
  }
};

// One tile of kRows rows and kVectors vectors; kInit says what is in `c`.
template <GemmInit kInit, int64_t kRows, int64_t kVectors, class Rows>
HWY_INLINE void run_tile(
    Rows rows,
    const float* HWY_RESTRICT b,
    int64_t k,
    const float* HWY_RESTRICT bias,
    float* HWY_RESTRICT c,
    int64_t c_stride) {
  const Tag d;
  Vec sums[kRows][kVectors];
#pragma GCC unroll 24
  for (int64_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) {
      sums[i][v] = hn::Zero(d);
    }
  }
  for (int64_t t = 0; t < k; ++t) {
    const auto left = hn::Load(d, b);
    const auto right = hn::Load(d, b + (kVectors - 1) * kLanes);
#pragma GCC unroll 24
    for (int64_t i = 0; i < kRows; ++i) {
      const auto factor = hn::Set(d, rows.at(i));
      sums[i][0] = hn::MulAdd(factor, left, sums[i][0]);
      if constexpr (kVectors == 2) {
        sums[i][1] = hn::MulAdd(factor, right, sums[i][1]);
      }
    }
    rows.step();
    b += kVectors * kLanes;
  }
#pragma GCC unroll 24
  for (int64_t i = 0; i < kRows; ++i) {
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) {
      float* const out = c + i * c_stride + v * kLanes;
      auto sum = sums[i][v];
      if constexpr (kInit == GemmInit::kAddBias) {
        sum = hn::Add(sum, hn::LoadU(d, bias + v * kLanes));
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

template <int64_t kRows, int64_t kVectors, class Rows>
void run_part_tile(
    const Rows& rows,
    const float* b,
    int64_t k,
    const TilePlace& place,
    float* tile) {
  constexpr int64_t kCols = kVectors * kLanes;
  run_tile<GemmInit::kReplace, kRows, kVectors>(
      rows, b, k, nullptr, tile, kCols);
  for (int64_t i = 0; i < place.num_rows; ++i) {
    for (int64_t j = 0; j < place.num_cols; ++j) {
      float& out = place.c[i * place.c_stride + j];
      const float before = place.init == GemmInit::kAddBias      ? place.bias[j]
                           : place.init == GemmInit::kAccumulate ? out
                                                                 : 0;
      out = before + tile[i * kCols + j];
    }
  }
}

template <int64_t kRows, int64_t kVectors, class Rows>
void run_tile_at(
    const Rows& rows,
    const float* b,
    int64_t k,
    const TilePlace& place,
    float* tile) {
  if (place.num_rows < kRows || place.num_cols < kVectors * kLanes) {
    run_part_tile<kRows, kVectors>(rows, b, k, place, tile);
    return;
  }
  switch (place.init) {
    case GemmInit::kReplace:
      run_tile<GemmInit::kReplace, kRows, kVectors>(
          rows, b, k, place.bias, place.c, place.c_stride);
      break;
    case GemmInit::kAddBias:
      run_tile<GemmInit::kAddBias, kRows, kVectors>(
          rows, b, k, place.bias, place.c, place.c_stride);
      break;
    case GemmInit::kAccumulate:
      run_tile<GemmInit::kAccumulate, kRows, kVectors>(
          rows, b, k, place.bias, place.c, place.c_stride);
      break;
  }
}

// A panel times `num_rows` rows, of which rows_of(i) are those from i on.
// `place` is that of the first. A panel of one vector takes two tiles of rows
// at a time: one would wait for its own sums.
template <class RowsOf>
HWY_INLINE void run_panel(
    const RowsOf& rows_of,
    int64_t num_rows,
    const float* panel,
    int64_t k,
    TilePlace place,
    float* tile) {
  const bool is_narrow = panel_width(place.num_cols) == kLanes;
  for (int64_t i = 0; i < num_rows;) {
    const int64_t left = num_rows - i;
    const int64_t rows =
        is_narrow && left > kTileRows ? 2 * kTileRows : kTileRows;
    place.num_rows = std::min(rows, left);
    if (!is_narrow) {
      run_tile_at<kTileRows, 2>(rows_of(i), panel, k, place, tile);
    } else if (rows == kTileRows) {
      run_tile_at<kTileRows, 1>(rows_of(i), panel, k, place, tile);
    } else {
      const RowPair<decltype(rows_of(i))> pair{
          rows_of(i), rows_of(i + kTileRows)};
      run_tile_at<2 * kTileRows, 1>(pair, panel, k, place, tile);
    }
    i += rows;
    place.c += rows * place.c_stride;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace nadir::kernels

HWY_AFTER_NAMESPACE();

#endif
