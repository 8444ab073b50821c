// Products of float32 matrices on one thread, in the layout of panels that
// BLIS describes (Van Zee and van de Geijn 2015): the right matrix is packed
// once into panels as wide as a tile of registers, the left one as it goes.
// Callers share the work out by rows or by panels.
//
// M, N: rows and columns of the result; K: what is summed over, always in the
// order of its index within a call, whoever shares the work. Unlike the other
// kernels, results differ between levels by rounding: some have fused
// multiply-adds.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// A matrix in memory. Stored row r begins at data + r * stride, or, where rows
// are picked from a larger one, at data + picked[r] * stride. Element (r, c) is
// value c of stored row r, or value r of stored row c where it is transposed.
struct MatrixView {
  const float* data = nullptr;
  int64_t stride = 0;
  bool is_transposed = false;
  const int64_t* picked = nullptr;
  // Rows of the same matrix, as many as `picked` has, that a later product will
  // read: where the view is transposed, their lines are asked for meanwhile.
  const int64_t* picked_next = nullptr;

  // The part from row `row` and column `col` on.
  [[nodiscard]] MatrixView at(int64_t row, int64_t col) const {
    return is_transposed ? from(col, row) : from(row, col);
  }

  [[nodiscard]] const float* stored_row(int64_t row) const {
    return data + (picked != nullptr ? picked[row] : row) * stride;
  }

 private:
  [[nodiscard]] MatrixView from(int64_t stored, int64_t value) const {
    if (picked != nullptr) {
      return {
          data + value,
          stride,
          is_transposed,
          picked + stored,
          picked_next == nullptr ? nullptr : picked_next + stored};
    }
    return {data + stored * stride + value, stride, is_transposed};
  }
};

// Columns of a panel at the level in use: shares of work that are multiples of
// it leave no rest.
[[nodiscard]] int64_t gemm_panel_cols();

// Floats of the packed form of a matrix [K, N], and of the scratch that gemm()
// needs for `k`.
[[nodiscard]] int64_t gemm_packed_size(int64_t k, int64_t n);
[[nodiscard]] int64_t gemm_scratch_size(int64_t k);

// Packs `b` [K, N] to `packed`. Panel p lies at packed + p * panel_cols * K, so
// that ranges of panels can be packed by many threads.
void gemm_pack(const MatrixView& b, int64_t k, int64_t n, float* packed);

// Of the K terms of a product those from `first`, an even number, on.
struct Terms {
  int64_t first;
  int64_t count;
  int64_t all;
};

// Packs stored rows [count, N], not transposed, to the places that gemm_pack()
// gives these terms: for factors whose terms come one after the other.
void gemm_pack_terms(
    const MatrixView& rows, const Terms& terms, int64_t n, float* packed);

// The left factor [M, K] in the same way, from stored rows [count, M]. What
// belongs to its row r, a multiple of 48, begins at gemm_left_size(k, r).
[[nodiscard]] int64_t gemm_left_size(int64_t k, int64_t m);
void gemm_pack_left_terms(
    const MatrixView& rows, const Terms& terms, int64_t m, float* packed_left);

// What happens to what `c` held.
enum class GemmInit {
  kReplace,    // c = a b
  kAddBias,    // c = a b + bias, one value a column
  kAccumulate  // c += a b
};

// c [M, N], rows `c_stride` apart, from `a` [M, K] and a packed `b` [K, N].
// `scratch` is aligned to 64 bytes, as is `packed`. Nothing overlaps.
struct GemmCall {
  MatrixView a;
  int64_t m;
  int64_t k;
  const float* packed;
  int64_t n;
  GemmInit init;
  const float* bias;  // may be null but for kAddBias
  float* c;
  int64_t c_stride;
  float* scratch;
  const float* packed_left = nullptr;  // instead of `a`, where it is there
};

void gemm(const GemmCall& call);

// These functions, of one kind of numbers.
struct Products {
  decltype(&gemm_panel_cols) panel_cols;
  decltype(&gemm_packed_size) packed_size;
  decltype(&gemm_left_size) left_size;
  decltype(&gemm_scratch_size) scratch_size;
  decltype(&gemm_pack) pack;
  decltype(&gemm_pack_terms) pack_terms;
  decltype(&gemm_pack_left_terms) pack_left_terms;
  decltype(&gemm) multiply;
};

inline constexpr Products float32_products = {
    gemm_panel_cols,
    gemm_packed_size,
    gemm_left_size,
    gemm_scratch_size,
    gemm_pack,
    gemm_pack_terms,
    gemm_pack_left_terms,
    gemm};

namespace reference {
// The same from an unpacked `b`, summed in float64.
void gemm(
    const MatrixView& a,
    int64_t m,
    int64_t k,
    const MatrixView& b,
    int64_t n,
    GemmInit init,
    const float* bias,
    float* c,
    int64_t c_stride);
}  // namespace reference

}  // namespace nadir::kernels
