// bf16_gemm() by AMX: tdpbf16ps multiplies a tile of 16 rows of 16 pairs by one
// of 16 pairs of 16 columns. Compiled for that instruction set, hence calls
// nothing of the standard library; empty elsewhere than on x86.
#if defined(__x86_64__)
#include "kernels/bf16_level.h"
#include "kernels/bf16_rounding-inl.h"

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

// Tiles 0 to 3 are sums, 4 and 5 rows, 6 and 7 columns; all are full.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t num_rows[16] = {
      kTile, kTile, kTile, kTile, kTile, kTile, kTile, kTile};
};

// Of whole tiles.
int64_t padded_pairs_of(int64_t num_terms) {
  return (num_pairs_of(num_terms) + kTile - 1) / kTile * kTile;
}

// Rows of 16 become columns.
void transpose(__m512i (&rows)[kTile]) {
  constexpr __mmask16 kAll = 0xFFFF;
  constexpr __mmask8 kAllHalves = 0xFF;
  __m512i twos[kTile];
  for (int64_t i = 0; i < kTile; i += 2) {
    twos[i] = _mm512_maskz_unpacklo_epi32(kAll, rows[i], rows[i + 1]);
    twos[i + 1] = _mm512_maskz_unpackhi_epi32(kAll, rows[i], rows[i + 1]);
  }
  __m512i fours[kTile];
  for (int64_t i = 0; i < kTile; i += 4) {
    for (int64_t half = 0; half < 2; ++half) {
      fours[i + 2 * half] = _mm512_maskz_unpacklo_epi64(
          kAllHalves, twos[i + half], twos[i + half + 2]);
      fours[i + 2 * half + 1] = _mm512_maskz_unpackhi_epi64(
          kAllHalves, twos[i + half], twos[i + half + 2]);
    }
  }
  for (int64_t i = 0; i < 4; ++i) {
    const auto even0 =
        _mm512_maskz_shuffle_i32x4(kAll, fours[i], fours[4 + i], 0x88);
    const auto even1 =
        _mm512_maskz_shuffle_i32x4(kAll, fours[8 + i], fours[12 + i], 0x88);
    const auto odd0 =
        _mm512_maskz_shuffle_i32x4(kAll, fours[i], fours[4 + i], 0xDD);
    const auto odd1 =
        _mm512_maskz_shuffle_i32x4(kAll, fours[8 + i], fours[12 + i], 0xDD);
    rows[i] = _mm512_maskz_shuffle_i32x4(kAll, even0, even1, 0x88);
    rows[4 + i] = _mm512_maskz_shuffle_i32x4(kAll, odd0, odd1, 0x88);
    rows[8 + i] = _mm512_maskz_shuffle_i32x4(kAll, even0, even1, 0xDD);
    rows[12 + i] = _mm512_maskz_shuffle_i32x4(kAll, odd0, odd1, 0xDD);
  }
}

// Rows of `a` from `row` on and terms from `first` on, rounded: whole tiles, 0
// where there are no more terms. What lies behind the last row is anything.
void round_rows(
    const MatrixView& a,
    int64_t row,
    int64_t num_rows,
    int64_t first,
    int64_t num_terms,
    uint32_t* pairs) {
  const int64_t num_pairs = num_pairs_of(num_terms);
  for (int64_t r = 0; r < num_rows; ++r) {
    uint32_t* const out = pairs + r * kPairStride;
    round_row(stored_row(a, row + r) + first, num_terms, out);
    _mm512_mask_storeu_epi32(
        out + num_pairs,
        first_lanes(padded_pairs_of(num_terms) - num_pairs),
        _mm512_setzero_si512());
  }
}

// The same of rows that are stored as columns.
void round_columns(
    const MatrixView& a,
    int64_t row,
    int64_t num_rows,
    int64_t first,
    int64_t num_terms,
    uint32_t* pairs) {
  const int64_t num_pairs = num_pairs_of(num_terms);
  for (int64_t r = 0; r < num_rows; r += kTile) {
    for (int64_t pair = 0; pair < num_pairs; pair += kTile) {
      __m512i tile[kTile];
      for (int64_t i = 0; i < kTile; ++i) {
        const int64_t term = 2 * (pair + i);
        alignas(64) uint32_t two_rows[kTile] = {};
        if (term < num_terms) {
          round_two_rows<kTile>(
              stored_row(a, first + term) + row + r,
              term + 1 < num_terms ? stored_row(a, first + term + 1) + row + r
                                   : nullptr,
              num_rows - r,
              two_rows);
        }
        tile[i] = _mm512_load_si512(two_rows);
      }
      transpose(tile);
      for (int64_t i = 0; i < kTile; ++i) {
        _mm512_storeu_si512(pairs + (r + i) * kPairStride + pair, tile[i]);
      }
    }
  }
}

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

int64_t packed_size(int64_t k, int64_t n) {
  return padded_pairs_of(k) * ((n + kPanelCols - 1) / kPanelCols * kPanelCols);
}

int64_t scratch_size(int64_t /*k*/) {
  return kBlockRows * kPairStride + 2 * kTile * kPanelCols;
}

void pack(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  auto* panel = reinterpret_cast<uint32_t*>(packed);
  const int64_t num_pairs = padded_pairs_of(k);
  for (int64_t col = 0; col < n; col += kPanelCols) {
    const int64_t num_cols = smaller(kPanelCols, n - col);
    for (int64_t pair = 0; pair < num_pairs; pair += kTile) {
      uint32_t* const out = panel + pair * kPanelCols;
      for (int64_t half = 0; half < kPanelCols; half += kTile) {
        __m512i tile[kTile];
        for (int64_t i = 0; i < kTile; ++i) {
          alignas(64) uint32_t pairs[kTile] = {};
          if (b.is_transposed && half + i < num_cols) {
            round_row(
                stored_row(b, col + half + i) + 2 * pair,
                smaller(2 * kTile, k - 2 * pair),
                pairs);
          } else if (!b.is_transposed && 2 * (pair + i) < k) {
            const int64_t term = 2 * (pair + i);
            round_two_rows<kTile>(
                stored_row(b, term) + col + half,
                term + 1 < k ? stored_row(b, term + 1) + col + half : nullptr,
                num_cols - half,
                pairs);
          }
          tile[i] = _mm512_load_si512(pairs);
        }
        if (b.is_transposed) {
          transpose(tile);
        }
        for (int64_t i = 0; i < kTile; ++i) {
          _mm512_storeu_si512(out + i * kPanelCols + half, tile[i]);
        }
      }
    }
    panel += num_pairs * kPanelCols;
  }
}

void multiply(const GemmCall& call) {
  const auto& [a, m, k, packed, n, init, bias, c, c_stride, scratch] = call;
  const TileConfig config;
  _tile_loadconfig(&config);
  auto* const rounded = reinterpret_cast<uint32_t*>(scratch);
  float* const edge = scratch + kBlockRows * kPairStride;
  const auto* const panels = reinterpret_cast<const uint32_t*>(packed);
  const int64_t all_pairs = padded_pairs_of(k);
  for (int64_t row = 0; row < m; row += kBlockRows) {
    const int64_t num_rows = smaller(kBlockRows, m - row);
    for (int64_t pair = 0; pair < all_pairs; pair += kBlockPairs) {
      const int64_t num_pairs = smaller(kBlockPairs, all_pairs - pair);
      const int64_t num_terms = smaller(2 * kBlockPairs, k - 2 * pair);
      (a.is_transposed ? round_columns : round_rows)(
          a, row, num_rows, 2 * pair, num_terms, rounded);
      for (int64_t col = 0; col < n; col += kPanelCols) {
        const uint32_t* const panel =
            panels + col * all_pairs + pair * kPanelCols;
        for (int64_t i = 0; i < num_rows; i += 2 * kTile) {
          const Place place{
              pair == 0 ? init : GemmInit::kAccumulate,
              bias == nullptr ? nullptr : bias + col,
              c + (row + i) * c_stride + col,
              c_stride};
          const int64_t left = num_rows - i;
          (left > kTile
               ? run<2>
               : run<1>)(rounded + i * kPairStride, panel, num_pairs, left, n - col, place, edge);
        }
      }
    }
  }
  _tile_release();
}

}  // namespace

const Bf16Level bf16_by_amx{
    kPanelCols, packed_size, scratch_size, pack, multiply};

}  // namespace nadir::kernels
#endif
