// Tiles of AMX: sums of rows times a panel, both rounded and packed. Private to
// the room, and to bf16_gemm_amx.cpp, which is compiled for that instruction
// set.
#pragma once

#include <cstdint>

#include "kernels/bf16_rounding-inl.h"
#include "kernels/gemm.h"

namespace nadir::kernels {
namespace {

constexpr int64_t kTile = 16;  // rows, pairs and columns of a tile
constexpr int64_t kPanelCols = 2 * kTile;

// Rows and pairs of terms that are rounded at a time: 21 KB, which stay in the
// first cache (48 KB) beside the 12 KB of a panel that they are multiplied by
// and the next panel's. Rows lie a line further apart than their pairs need, so
// that those of a tile do not share a few sets of the cache.
constexpr int64_t kBlockRows = 48;
constexpr int64_t kBlockPairs = 96;
constexpr int64_t kPairStride = kBlockPairs + kTile;
constexpr int64_t kBlockSize = kBlockRows * kPairStride;

// Tiles 0 to 3 are sums, 4 and 5 rows, 6 and 7 columns; all are full.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t num_rows[16] = {
      kTile, kTile, kTile, kTile, kTile, kTile, kTile, kTile};
};

// A block of sums, kPanelCols wide, and what it starts from.
struct Place {
  GemmInit init;
  const float* bias;
  float* c;
  int64_t c_stride;
};

// Sums of two tiles of rows, or of one.
template <int64_t kRowTiles>
void run_tiles(
    const uint32_t* rows,
    const uint32_t* panel,
    int64_t num_pairs,
    const Place& place) {
  constexpr int64_t kRowBytes = kPairStride * sizeof(uint32_t);
  constexpr int64_t kPanelBytes = kPanelCols * sizeof(uint32_t);
  const auto c_bytes = static_cast<int64_t>(place.c_stride * sizeof(float));
  float* const lower = place.c + kTile * place.c_stride;
  if (place.init == GemmInit::kReplace) {
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (kRowTiles == 2) {
      _tile_zero(2);
      _tile_zero(3);
    }
  } else {
    // All rows of a tile start from the bias.
    const bool is_bias = place.init == GemmInit::kAddBias;
    const float* const start = is_bias ? place.bias : place.c;
    const int64_t start_bytes = is_bias ? 0 : c_bytes;
    _tile_loadd(0, start, start_bytes);
    _tile_loadd(1, start + kTile, start_bytes);
    if constexpr (kRowTiles == 2) {
      const float* const start_lower = is_bias ? place.bias : lower;
      _tile_loadd(2, start_lower, start_bytes);
      _tile_loadd(3, start_lower + kTile, start_bytes);
    }
  }
  for (int64_t pair = 0; pair < num_pairs; pair += kTile) {
    _tile_loadd(4, rows + pair, kRowBytes);
    _tile_loadd(6, panel + pair * kPanelCols, kPanelBytes);
    _tile_loadd(7, panel + pair * kPanelCols + kTile, kPanelBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (kRowTiles == 2) {
      _tile_loadd(5, rows + kTile * kPairStride + pair, kRowBytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, place.c, c_bytes);
  _tile_stored(1, place.c + kTile, c_bytes);
  if constexpr (kRowTiles == 2) {
    _tile_stored(2, lower, c_bytes);
    _tile_stored(3, lower + kTile, c_bytes);
  }
}

// `count` values from or to a row that is kPanelCols wide.
void copy_row(const float* from, float* to, int64_t count) {
  for (int64_t i = 0; i < kPanelCols; i += kTile) {
    const auto mask = first_lanes(count - i);
    _mm512_mask_storeu_ps(to + i, mask, _mm512_maskz_loadu_ps(mask, from + i));
  }
}

// As run_tiles() where only the first rows and columns are there: in `edge`,
// kRowTiles * kTile rows of kPanelCols.
template <int64_t kRowTiles>
void run_edge(
    const uint32_t* rows,
    const uint32_t* panel,
    int64_t num_pairs,
    int64_t num_rows,
    int64_t num_cols,
    const Place& place,
    float* edge) {
  if (place.init != GemmInit::kReplace) {
    for (int64_t r = 0; r < num_rows; ++r) {
      copy_row(
          place.init == GemmInit::kAddBias ? place.bias
                                           : place.c + r * place.c_stride,
          edge + r * kPanelCols,
          num_cols);
    }
  }
  const Place there{
      place.init == GemmInit::kReplace ? GemmInit::kReplace
                                       : GemmInit::kAccumulate,
      nullptr,
      edge,
      kPanelCols};
  run_tiles<kRowTiles>(rows, panel, num_pairs, there);
  for (int64_t r = 0; r < num_rows; ++r) {
    copy_row(edge + r * kPanelCols, place.c + r * place.c_stride, num_cols);
  }
}

template <int64_t kRowTiles>
void run(
    const uint32_t* rows,
    const uint32_t* panel,
    int64_t num_pairs,
    int64_t num_rows,
    int64_t num_cols,
    const Place& place,
    float* edge) {
  if (num_rows >= kRowTiles * kTile && num_cols >= kPanelCols) {
    run_tiles<kRowTiles>(rows, panel, num_pairs, place);
  } else {
    run_edge<kRowTiles>(
        rows,
        panel,
        num_pairs,
        smaller(num_rows, kRowTiles * kTile),
        smaller(num_cols, kPanelCols),
        place,
        edge);
  }
}

}  // namespace
}  // namespace nadir::kernels
