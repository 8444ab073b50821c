#include <algorithm>

#include "core/ceil_div.h"
#include "kernels/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_simd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/gemm_pack-inl.h"
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

int64_t left_size_all(int64_t k, int64_t m) {
  return k * round_up(m, kTileRows);
}

int64_t scratch_size_all(int64_t k) {
  return kBlockRows * std::min(k, kBlockTerms) + 2 * kTileRows * kPanelCols;
}

// What is the same for all panels of a block of rows and terms.
struct RowBlock {
  MatrixView a;
  int64_t num_rows;
  int64_t terms;
  int64_t in_place;      // rows that are read where they are
  const float* packed;   // the others,
  int64_t packed_terms;  // with so many terms a row
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
      [&](int64_t i) {
        return PackedRows{block.packed + i * block.packed_terms};
      },
      block.num_rows - block.in_place,
      panel,
      block.terms,
      rest,
      tile);
}

void gemm_all(const GemmCall& call) {
  const auto& [a, m, k, packed, n, init, bias, c, c_stride, scratch, left] =
      call;
  const int64_t block_terms = std::min(k, kBlockTerms);
  float* const packed_rows = scratch;
  float* const tile = packed_rows + kBlockRows * block_terms;
  const bool packs_all =
      left != nullptr || (a.is_transposed && n > kNarrowCols);
  for (int64_t row = 0; row < m; row += kBlockRows) {
    const int64_t num_rows = std::min(kBlockRows, m - row);
    // But for a tile at the edge.
    const int64_t in_place = packs_all ? 0 : num_rows / kTileRows * kTileRows;
    for (int64_t first = 0; first < k; first += block_terms) {
      const int64_t terms = std::min(block_terms, k - first);
      RowBlock block{{}, num_rows, terms, in_place, nullptr, 0};
      if (left != nullptr) {
        block.packed = left + row * k + first * kTileRows;
        block.packed_terms = k;
      } else {
        block.a = a.at(row, first);
        pack_block(
            block.a.at(in_place, 0), num_rows - in_place, terms, packed_rows);
        block.packed = packed_rows;
        block.packed_terms = terms;
      }
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
HWY_EXPORT(left_size_all);
HWY_EXPORT(scratch_size_all);
HWY_EXPORT(pack_all);
HWY_EXPORT(pack_terms_all);
HWY_EXPORT(pack_left_terms_all);
HWY_EXPORT(gemm_all);

int64_t gemm_panel_cols() {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(panel_cols_all)();
}

int64_t gemm_packed_size(int64_t k, int64_t n) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(packed_size_all)(k, n);
}

int64_t gemm_left_size(int64_t k, int64_t m) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(left_size_all)(k, m);
}

int64_t gemm_scratch_size(int64_t k) {
  apply_isa_cap();
  return HWY_DYNAMIC_DISPATCH(scratch_size_all)(k);
}

void gemm_pack(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(pack_all)(b, k, n, packed);
}

void gemm_pack_terms(
    const MatrixView& rows, const Terms& terms, int64_t n, float* packed) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(pack_terms_all)(rows, terms, n, packed);
}

void gemm_pack_left_terms(
    const MatrixView& rows, const Terms& terms, int64_t m, float* packed_left) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(pack_left_terms_all)(rows, terms, m, packed_left);
}

void gemm(const GemmCall& call) {
  apply_isa_cap();
  HWY_DYNAMIC_DISPATCH(gemm_all)(call);
}

}  // namespace nadir::kernels
#endif
