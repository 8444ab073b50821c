// Tiles of a product of 8-bit matrices, for each instruction set's way to sum
// four products. Private to the room.
//
// Its functions are compiled for the instruction set of each file that includes
// them. None may be shared between those: they are templates over a type in
// that file's anonymous namespace, and call nothing of the standard library.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/int8_gemm.h"

namespace nadir::kernels {

// Terms that are summed at a time: a column's values of them lie together.
constexpr int64_t kInt8Group = 4;
constexpr int64_t kInt8TileRowsMax = 12;
constexpr int64_t kInt8TileColsMax = 2 * kInt8PanelCols;

struct Int8Tile {
  const uint8_t* rows[kInt8TileRowsMax];
  const int8_t* panel;
  int64_t groups;
  int32_t sums[kInt8TileRowsMax][kInt8TileColsMax];
};

// Where a tile lies in the result.
struct Int8Place {
  int64_t row;
  int64_t num_rows;
  int64_t col;
  int64_t num_cols;
};

// Fills tile.sums. `Dot::Sums` are those of a row and a panel: they begin at 0,
// add(four values of the row, a panel's group of 64 bytes) adds products,
// store() gives 16.
template <class Dot, int64_t kPanels>
inline void sum_tile(Int8Tile& tile) {
  constexpr int64_t kGroupBytes = kInt8PanelCols * kInt8Group;
  typename Dot::Sums sums[Dot::kRows][kPanels];
  for (int64_t group = 0; group < tile.groups; ++group) {
#pragma GCC unroll 12
    for (int64_t i = 0; i < Dot::kRows; ++i) {
      int32_t four = 0;
      std::memcpy(&four, tile.rows[i] + group * kInt8Group, sizeof(four));
#pragma GCC unroll 2
      for (int64_t p = 0; p < kPanels; ++p) {
        sums[i][p].add(
            four, tile.panel + (p * tile.groups + group) * kGroupBytes);
      }
    }
  }
#pragma GCC unroll 12
  for (int64_t i = 0; i < Dot::kRows; ++i) {
#pragma GCC unroll 2
    for (int64_t p = 0; p < kPanels; ++p) {
      sums[i][p].store(tile.sums[i] + p * kInt8PanelCols);
    }
  }
}

// Sums become results, as far as the matrices go.
template <class Dot>
inline void finish_tile(
    const Int8Tile& tile,
    const Int8Rows& a,
    const Int8Matrix& b,
    const Int8Place& place,
    const float* bias,
    float* c,
    int64_t c_stride) {
  const float* const scales = b.scales + place.col;
  const int32_t* const columns = b.sums + place.col;
  for (int64_t i = 0; i < place.num_rows; ++i) {
    const int64_t row = place.row + i;
    float* const out = c + row * c_stride + place.col;
    for (int64_t j = 0; j < place.num_cols; ++j) {
      const int32_t sum = tile.sums[i][j] - a.zeros[row] * columns[j];
      out[j] = static_cast<float>(sum) * (a.scales[row] * scales[j]) +
               bias[place.col + j];
    }
  }
}

// int8_gemm() in tiles of Dot::kRows x Dot::kPanels panels.
template <class Dot>
void int8_gemm_by(
    const Int8Rows& a,
    int64_t m,
    const Int8Matrix& b,
    const float* bias,
    float* c,
    int64_t c_stride) {
  constexpr int64_t kCols = Dot::kPanels * kInt8PanelCols;
  const int64_t row_size = int8_row_size(b.k);
  Int8Tile tile;
  tile.groups = row_size / kInt8Group;
  Int8Place place{0, 0, 0, 0};
  for (place.col = 0; place.col < b.n; place.col += kCols) {
    place.num_cols = b.n - place.col < kCols ? b.n - place.col : kCols;
    tile.panel = b.values + place.col * row_size;
    for (place.row = 0; place.row < m; place.row += Dot::kRows) {
      place.num_rows = m - place.row < Dot::kRows ? m - place.row : Dot::kRows;
      // Rows that are missing are the last one again, and thrown away.
      for (int64_t i = 0; i < Dot::kRows; ++i) {
        const int64_t row = i < place.num_rows ? i : place.num_rows - 1;
        tile.rows[i] = a.values + (place.row + row) * row_size;
      }
      if (place.num_cols > kInt8PanelCols) {
        sum_tile<Dot, Dot::kPanels>(tile);
      } else {
        sum_tile<Dot, 1>(tile);
      }
      finish_tile<Dot>(tile, a, b, place, bias, c, c_stride);
    }
  }
}

// int8_gemm() by the instruction sets that have a file of their own. Only where
// the processor has them.
using Int8Gemm = void(
    const Int8Rows& a,
    int64_t m,
    const Int8Matrix& b,
    const float* bias,
    float* c,
    int64_t c_stride);
extern Int8Gemm* const int8_gemm_vnni;
extern Int8Gemm* const int8_gemm_avx_vnni;
extern Int8Gemm* const int8_gemm_avx2;

}  // namespace nadir::kernels
