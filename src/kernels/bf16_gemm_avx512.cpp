// bf16_products() by AVX-512 BF16: vdpbf16ps multiplies 32 pairs and adds them
// up in twos. Compiled for that instruction set, hence calls nothing of the
// standard library; empty elsewhere than on x86.
#if defined(__x86_64__)
#include "kernels/bf16_level.h"
#include "kernels/bf16_rounding-inl.h"

namespace nadir::kernels {
namespace {

constexpr int64_t kLanes = kBf16Lanes;
constexpr int64_t kPanelCols = 32;
constexpr int64_t kTileRows = 12;
constexpr int64_t kVectors = kPanelCols / kLanes;

// Rows and pairs of terms that are rounded at a time: 48 KB, and 32 KB of a
// panel that their products read.
constexpr int64_t kBlockRows = 48;
constexpr int64_t kBlockPairs = 256;

// `count` stored rows, of kWidth values each, become [pairs, kWidth].
template <int64_t kWidth>
void round_stored_rows(
    const MatrixView& src, int64_t count, int64_t num_values, uint32_t* pairs) {
  for (int64_t t = 0; t < count; t += 2) {
    round_two_rows<kWidth>(
        stored_row(src, t),
        t + 1 < count ? stored_row(src, t + 1) : nullptr,
        num_values,
        pairs + t / 2 * kWidth);
  }
}

// The pairs that a step of the sums multiplies, one a row of the tile: in rows
// of `stride`, three to a pointer,
struct RowsOfPairs {
  RowsOfPairs(const uint32_t* pairs, int64_t row_stride) : stride(row_stride) {
    for (int64_t i = 0; i < kTileRows / 3; ++i) {
      bases[i] = pairs + 3 * i * row_stride;
    }
  }

  [[nodiscard]] uint32_t at(int64_t row) const {
    return bases[row / 3][row % 3 * stride];
  }

  void step() {
    for (auto& base : bases) {
      ++base;
    }
  }

  int64_t stride;
  const uint32_t* bases[kTileRows / 3];
};

// or in columns of kBlockRows.
struct ColumnsOfPairs {
  ColumnsOfPairs(const uint32_t* pairs, int64_t /*row_stride*/) : next(pairs) {}

  [[nodiscard]] uint32_t at(int64_t row) const { return next[row]; }

  void step() { next += kBlockRows; }

  const uint32_t* next;
};

// A tile's place in the result: of its rows and columns only the first ones
// may be there.
struct Place {
  GemmInit init;
  const float* bias;
  float* c;
  int64_t c_stride;
  int64_t num_rows;
  int64_t num_cols;
};

// `stride` is of rows of pairs. What reads them is made here: handed over, it
// would be copied through memory, by a load that waits for the stores of the
// tile before.
template <class Pairs>
void run_tile(
    const uint32_t* first_pair,
    int64_t stride,
    const uint32_t* panel,
    int64_t num_pairs,
    const Place& place) {
  Pairs pairs(first_pair, stride);
  __m512 sums[kTileRows][kVectors];
#pragma GCC unroll 12
  for (int64_t i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) {
      sums[i][v] = _mm512_setzero_ps();
    }
  }
  for (int64_t t = 0; t < num_pairs; ++t) {
    const auto left = reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel));
    const auto right =
        reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel + kLanes));
#pragma GCC unroll 12
    for (int64_t i = 0; i < kTileRows; ++i) {
      const auto factor = reinterpret_cast<__m512bh>(
          _mm512_set1_epi32(static_cast<int32_t>(pairs.at(i))));
      sums[i][0] = _mm512_dpbf16_ps(sums[i][0], factor, left);
      sums[i][1] = _mm512_dpbf16_ps(sums[i][1], factor, right);
    }
    pairs.step();
    panel += kPanelCols;
  }
  // Constant indices keep the sums in registers.
#pragma GCC unroll 12
  for (int64_t i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) {
      const auto mask =
          first_lanes(i < place.num_rows ? place.num_cols - v * kLanes : 0);
      float* const out = place.c + i * place.c_stride + v * kLanes;
      auto sum = sums[i][v];
      if (place.init == GemmInit::kAddBias) {
        sum = _mm512_add_ps(
            sum, _mm512_maskz_loadu_ps(mask, place.bias + v * kLanes));
      } else if (place.init == GemmInit::kAccumulate) {
        sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, out));
      }
      _mm512_mask_storeu_ps(out, mask, sum);
    }
  }
}

// Rows of `a` from `row` on and terms from `first` on, rounded; a tile at the
// edge reads what lies behind them, and its result is thrown away.
void round_block(
    const MatrixView& a,
    int64_t row,
    int64_t num_rows,
    int64_t first,
    int64_t num_terms,
    uint32_t* pairs) {
  if (a.is_transposed) {
    const MatrixView part{stored_row(a, first) + row, a.stride};
    round_stored_rows<kBlockRows>(part, num_terms, num_rows, pairs);
    return;
  }
  const int64_t stride = num_pairs_of(num_terms);
  for (int64_t r = 0; r < num_rows; ++r) {
    round_row(stored_row(a, row + r) + first, num_terms, pairs + r * stride);
  }
}

int64_t panel_cols() {
  return kPanelCols;
}

int64_t packed_size(int64_t k, int64_t n) {
  return num_pairs_of(k) * ((n + kPanelCols - 1) / kPanelCols * kPanelCols);
}

// Blocks of kBlockRows rows, in columns.
int64_t left_size(int64_t k, int64_t m) {
  return num_pairs_of(k) * ((m + kBlockRows - 1) / kBlockRows * kBlockRows);
}

int64_t scratch_size(int64_t /*k*/) {
  return kBlockRows * kBlockPairs;
}

// `num_values` columns in parts of kWidth, each of all terms: row by row, as
// they lie in memory.
template <int64_t kWidth>
void pack_parts(
    const MatrixView& rows,
    const Terms& terms,
    int64_t num_values,
    float* packed) {
  const int64_t part_size = num_pairs_of(terms.all) * kWidth;
  for (int64_t t = 0; t < terms.count; t += 2) {
    auto* part =
        reinterpret_cast<uint32_t*>(packed) + (terms.first + t) / 2 * kWidth;
    const float* const row = stored_row(rows, t);
    for (int64_t col = 0; col < num_values; col += kWidth) {
      round_two_rows<kWidth>(
          row + col,
          t + 1 < terms.count ? row + rows.stride + col : nullptr,
          num_values - col,
          part);
      part += part_size;
    }
  }
}

void pack_terms(
    const MatrixView& rows, const Terms& terms, int64_t n, float* packed) {
  pack_parts<kPanelCols>(rows, terms, n, packed);
}

void pack_left_terms(
    const MatrixView& rows, const Terms& terms, int64_t m, float* packed_left) {
  pack_parts<kBlockRows>(rows, terms, m, packed_left);
}

void pack(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  if (!b.is_transposed) {
    pack_terms(b, {0, k, k}, n, packed);
    return;
  }
  round_transposed<kPanelCols>(
      b, k, n, num_pairs_of(k), reinterpret_cast<uint32_t*>(packed));
}

void multiply(const GemmCall& call) {
  const auto& [a, m, k, packed, n, init, bias, c, c_stride, scratch, left] =
      call;
  auto* const rounded = reinterpret_cast<uint32_t*>(scratch);
  const auto* const panels = reinterpret_cast<const uint32_t*>(packed);
  const auto* const packed_left = reinterpret_cast<const uint32_t*>(left);
  const bool has_columns = left != nullptr || a.is_transposed;
  const int64_t all_pairs = num_pairs_of(k);
  const int64_t block_rows = left != nullptr ? m : kBlockRows;
  for (int64_t row = 0; row < m; row += block_rows) {
    const int64_t num_rows = smaller(block_rows, m - row);
    for (int64_t pair = 0; pair < all_pairs; pair += kBlockPairs) {
      const int64_t num_pairs = smaller(kBlockPairs, all_pairs - pair);
      const uint32_t* block = rounded;
      if (left != nullptr) {
        block = packed_left + pair * kBlockRows;
      } else {
        const int64_t num_terms = smaller(2 * kBlockPairs, k - 2 * pair);
        round_block(a, row, num_rows, 2 * pair, num_terms, rounded);
      }
      for (int64_t col = 0; col < n; col += kPanelCols) {
        const uint32_t* const panel =
            panels + col * all_pairs + pair * kPanelCols;
        for (int64_t i = 0; i < num_rows; i += kTileRows) {
          const Place place{
              pair == 0 ? init : GemmInit::kAccumulate,
              bias == nullptr ? nullptr : bias + col,
              c + (row + i) * c_stride + col,
              c_stride,
              num_rows - i,
              n - col};
          if (has_columns) {
            run_tile<ColumnsOfPairs>(
                block + i / kBlockRows * kBlockRows * all_pairs +
                    i % kBlockRows,
                kBlockRows,
                panel,
                num_pairs,
                place);
          } else {
            run_tile<RowsOfPairs>(
                block + i * num_pairs, num_pairs, panel, num_pairs, place);
          }
        }
      }
    }
  }
}

}  // namespace

const Products bf16_by_avx512{
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
