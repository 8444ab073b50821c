#include <algorithm>
#include <cstring>

#include "kernels/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/gemm_tile-inl.h"
#include "kernels/isa.h"

HWY_BEFORE_NAMESPACE();

namespace nadir::kernels {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Up to so many columns a transposed `a` is read where it lies: packing it
// would take longer than the product saves.
constexpr int64_t kNarrowCols = 4 * kPanelCols;

// Rows of `a` that are packed at a time, so that they stay in the second level
// of cache, and terms that are summed in registers: a panel of so many rows
// fits into the first level.
constexpr int64_t kBlockRows = (48 / kTileRows) * kTileRows;
constexpr int64_t kBlockTerms = 384;

int64_t panel_cols_all() {
  return kPanelCols;
}

int64_t packed_size_all(int64_t k, int64_t n) {
  const int64_t rest = n % kPanelCols;
  return k * (n - rest + (rest == 0 ? 0 : panel_width(rest)));
}

int64_t scratch_size_all(int64_t k) {
  return kBlockRows * std::min(k, kBlockTerms) + 2 * kTileRows * kPanelCols;
}

// Stored rows of length k become columns kWidth apart, in blocks whose lines
// stay in cache; those beyond `count` are 0.
template <int64_t kWidth>
HWY_INLINE void interleave(
    const MatrixView& src, int64_t k, int64_t count, float* dst) {
  constexpr int64_t kBlock = 16;
  for (int64_t i = 0; i < k; i += kBlock) {
    const int64_t end = std::min(k, i + kBlock);
    for (int64_t j = 0; j < kWidth; ++j) {
      if (j < count) {
        const float* const row = src.stored_row(j);
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

template <int64_t kWidth>
void pack_panel(const MatrixView& b, int64_t k, int64_t count, float* panel) {
  if (b.is_transposed) {
    interleave<kWidth>(b, k, count, panel);
  } else {
    copy_rows<kWidth>(b, k, count, panel);
  }
}

void pack_all(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  for (int64_t col = 0; col < n; col += kPanelCols) {
    const int64_t num_cols = std::min(kPanelCols, n - col);
    if (panel_width(num_cols) == kPanelCols) {
      pack_panel<kPanelCols>(b.at(0, col), k, num_cols, packed + col * k);
    } else {
      pack_panel<kLanes>(b.at(0, col), k, num_cols, packed + col * k);
    }
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

// What is the same for all panels of a block of rows and terms.
struct RowBlock {
  MatrixView a;
  int64_t num_rows;
  int64_t terms;
  int64_t in_place;     // rows that are read where they are
  const float* packed;  // the others
};

// The rows that are read where they are, as `Rows` reads them.
template <class Rows>
HWY_INLINE void run_in_place(
    const RowBlock& block,
    const float* panel,
    const TilePlace& place,
    float* tile) {
  run_panel(
      [&](int64_t i) { return Rows(block.a.at(i, 0)); },
      block.in_place,
      panel,
      block.terms,
      place,
      tile);
}

HWY_INLINE void run_block(
    const RowBlock& block,
    const float* panel,
    const TilePlace& place,
    float* tile) {
  const MatrixView& a = block.a;
  if (a.picked != nullptr) {
    if (a.is_transposed) {
      run_in_place<PickedTransposedRows>(block, panel, place, tile);
    } else {
      run_in_place<PickedRows>(block, panel, place, tile);
    }
  } else if (a.is_transposed) {
    run_in_place<TransposedRows>(block, panel, place, tile);
  } else {
    run_in_place<MatrixRows>(block, panel, place, tile);
  }
  TilePlace rest = place;
  rest.c += block.in_place * place.c_stride;
  run_panel(
      [&](int64_t i) { return PackedRows{block.packed + i * block.terms}; },
      block.num_rows - block.in_place,
      panel,
      block.terms,
      rest,
      tile);
}

void gemm_all(const GemmCall& call) {
  const auto& [a, m, k, packed, n, init, bias, c, c_stride, scratch] = call;
  const int64_t block_terms = std::min(k, kBlockTerms);
  float* const packed_rows = scratch;
  float* const tile = packed_rows + kBlockRows * block_terms;
  const bool packs_all = a.is_transposed && n > kNarrowCols;
  for (int64_t row = 0; row < m; row += kBlockRows) {
    const int64_t num_rows = std::min(kBlockRows, m - row);
    // But for a tile at the edge.
    const int64_t in_place = packs_all ? 0 : num_rows / kTileRows * kTileRows;
    for (int64_t first = 0; first < k; first += block_terms) {
      const int64_t terms = std::min(block_terms, k - first);
      const MatrixView part = a.at(row, first);
      pack_block(part.at(in_place, 0), num_rows - in_place, terms, packed_rows);
      const RowBlock block{part, num_rows, terms, in_place, packed_rows};
      for (int64_t col = 0; col < n; col += kPanelCols) {
        const int64_t num_cols = std::min(kPanelCols, n - col);
        const float* const panel =
            packed + col * k + first * panel_width(num_cols);
        const TilePlace place{
            first == 0 ? init : GemmInit::kAccumulate,
            bias == nullptr ? bias : bias + col,
            c + row * c_stride + col,
            c_stride,
            0,
            num_cols};
        run_block(block, panel, place, tile);
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
HWY_EXPORT(packed_size_all);
HWY_EXPORT(scratch_size_all);
HWY_EXPORT(pack_all);
HWY_EXPORT(gemm_all);

int64_t gemm_panel_cols() {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(panel_cols_all)();
}

int64_t gemm_packed_size(int64_t k, int64_t n) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(packed_size_all)(k, n);
}

int64_t gemm_scratch_size(int64_t k) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(scratch_size_all)(k);
}

void gemm_pack(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(pack_all)(b, k, n, packed);
}

void gemm(const GemmCall& call) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(gemm_all)(call);
}

}  // namespace nadir::kernels
#endif
