// bf16_products() by AMX: tdpbf16ps multiplies a tile of 16 rows of 16 pairs by
// one of 16 pairs of 16 columns. Compiled for that instruction set, hence calls
// nothing of the standard library; empty elsewhere than on x86.
#if defined(__x86_64__)
#include "kernels/bf16_amx_tile-inl.h"
#include "kernels/bf16_level.h"
#include "kernels/bf16_rounding-inl.h"

namespace nadir::kernels {
namespace {

// Of whole tiles.
int64_t padded_pairs_of(int64_t num_terms) {
  return (num_pairs_of(num_terms) + kTile - 1) / kTile * kTile;
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

// A tile of the rows that stored rows are columns of: kTile of them from `row`
// on, of which `num_rows` are there, and kTile pairs from term `first` on of
// `num_terms`. What is not there is 0.
void round_tile(
    const MatrixView& stored,
    int64_t row,
    int64_t num_rows,
    int64_t first,
    int64_t num_terms,
    __m512i (&tile)[kTile]) {
  for (int64_t i = 0; i < kTile; ++i) {
    const int64_t term = first + 2 * i;
    tile[i] = term < num_terms ? round_two_rows(
                                     stored_row(stored, term) + row,
                                     term + 1 < num_terms
                                         ? stored_row(stored, term + 1) + row
                                         : nullptr,
                                     num_rows - row)
                               : _mm512_setzero_si512();
  }
  transpose(tile);
}

// As round_rows() of rows that are stored as columns.
void round_columns(
    const MatrixView& a,
    int64_t row,
    int64_t num_rows,
    int64_t first,
    int64_t num_terms,
    uint32_t* pairs) {
  const MatrixView part = {stored_row(a, first) + row, a.stride};
  const int64_t num_pairs = num_pairs_of(num_terms);
  for (int64_t r = 0; r < num_rows; r += kTile) {
    for (int64_t pair = 0; pair < num_pairs; pair += kTile) {
      __m512i tile[kTile];
      round_tile(part, r, num_rows, 2 * pair, num_terms, tile);
      for (int64_t i = 0; i < kTile; ++i) {
        _mm512_storeu_si512(pairs + (r + i) * kPairStride + pair, tile[i]);
      }
    }
  }
}

int64_t panel_cols() {
  return kPanelCols;
}

int64_t packed_size(int64_t k, int64_t n) {
  return padded_pairs_of(k) * ((n + kPanelCols - 1) / kPanelCols * kPanelCols);
}

// Of a block of rows.
int64_t left_block_size(int64_t k) {
  return (padded_pairs_of(k) + kBlockPairs - 1) / kBlockPairs * kBlockSize;
}

int64_t left_size(int64_t k, int64_t m) {
  return (m + kBlockRows - 1) / kBlockRows * left_block_size(k);
}

int64_t scratch_size(int64_t /*k*/) {
  return kBlockSize + 2 * kTile * kPanelCols;
}

// Behind the last pair of `terms`, and of what fills up its tile where they are
// the last of all.
int64_t end_pair_of(const Terms& terms) {
  const int64_t end = terms.first + terms.count;
  return end == terms.all ? padded_pairs_of(end) : end / 2;
}

void pack_terms(
    const MatrixView& rows, const Terms& terms, int64_t n, float* packed) {
  auto* panel = reinterpret_cast<uint32_t*>(packed);
  for (int64_t col = 0; col < n; col += kPanelCols) {
    for (int64_t pair = terms.first / 2; pair < end_pair_of(terms); ++pair) {
      uint32_t* const out = panel + pair * kPanelCols;
      const int64_t term = 2 * pair - terms.first;
      if (term < terms.count) {
        round_two_rows<kPanelCols>(
            stored_row(rows, term) + col,
            term + 1 < terms.count ? stored_row(rows, term + 1) + col : nullptr,
            n - col,
            out);
      } else {
        _mm512_storeu_si512(out, _mm512_setzero_si512());
        _mm512_storeu_si512(out + kTile, _mm512_setzero_si512());
      }
    }
    panel += padded_pairs_of(terms.all) * kPanelCols;
  }
}

// Each block of rows and pairs as round_columns() leaves it.
void pack_left_terms(
    const MatrixView& rows, const Terms& terms, int64_t m, float* packed_left) {
  auto* const packed = reinterpret_cast<uint32_t*>(packed_left);
  const int64_t end = end_pair_of(terms);
  for (int64_t row = 0; row < m; row += kTile) {
    uint32_t* const block =
        packed + row / kBlockRows * left_block_size(terms.all);
    for (int64_t pair = terms.first / 2; pair < end;) {
      const int64_t in_block = pair % kBlockPairs;
      const int64_t count =
          smaller(kTile, smaller(end - pair, kBlockPairs - in_block));
      __m512i tile[kTile];
      round_tile(rows, row, m, 2 * pair - terms.first, terms.count, tile);
      uint32_t* const out = block + pair / kBlockPairs * kBlockSize +
                            row % kBlockRows * kPairStride + in_block;
      for (int64_t i = 0; i < kTile; ++i) {
        _mm512_mask_storeu_epi32(
            out + i * kPairStride, first_lanes(count), tile[i]);
      }
      pair += count;
    }
  }
}

void pack(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  if (!b.is_transposed) {
    pack_terms(b, {0, k, k}, n, packed);
    return;
  }
  round_transposed<kPanelCols>(
      b, k, n, padded_pairs_of(k), reinterpret_cast<uint32_t*>(packed));
}

void multiply(const GemmCall& call) {
  const auto& [a, m, k, packed, n, init, bias, c, c_stride, scratch, left] =
      call;
  const TileConfig config;
  _tile_loadconfig(&config);
  auto* const rounded = reinterpret_cast<uint32_t*>(scratch);
  float* const edge = scratch + kBlockSize;
  const auto* const panels = reinterpret_cast<const uint32_t*>(packed);
  const auto* const packed_left = reinterpret_cast<const uint32_t*>(left);
  const int64_t all_pairs = padded_pairs_of(k);
  for (int64_t row = 0; row < m; row += kBlockRows) {
    const int64_t num_rows = smaller(kBlockRows, m - row);
    for (int64_t pair = 0; pair < all_pairs; pair += kBlockPairs) {
      const int64_t num_pairs = smaller(kBlockPairs, all_pairs - pair);
      const uint32_t* block = rounded;
      if (left != nullptr) {
        block = packed_left + row / kBlockRows * left_block_size(k) +
                pair / kBlockPairs * kBlockSize;
      } else {
        const int64_t num_terms = smaller(2 * kBlockPairs, k - 2 * pair);
        (a.is_transposed ? round_columns : round_rows)(
            a, row, num_rows, 2 * pair, num_terms, rounded);
      }
      for (int64_t col = 0; col < n; col += kPanelCols) {
        const uint32_t* const panel =
            panels + col * all_pairs + pair * kPanelCols;
        for (int64_t i = 0; i < num_rows; i += 2 * kTile) {
          const Place place{
              pair == 0 ? init : GemmInit::kAccumulate,
              bias == nullptr ? nullptr : bias + col,
              c + (row + i) * c_stride + col,
              c_stride};
          const int64_t rows_left = num_rows - i;
          (rows_left > kTile
               ? run<2>
               : run<1>)(block + i * kPairStride, panel, num_pairs, rows_left, n - col, place, edge);
        }
      }
    }
  }
  _tile_release();
}

}  // namespace

const Products bf16_by_amx{
    panel_cols,
    packed_size,
    left_size,
    scratch_size,
    pack,
    pack_terms,
    pack_left_terms,
    multiply};

}  // namespace nadir::kernels
#endif
