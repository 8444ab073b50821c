// Products of rows of 8-bit numbers with a matrix of 8-bit numbers, on one
// thread: a quarter of float32's bytes, and where the processor has VNNI four
// times its multiply-adds an instruction. For inference.
//
// A row x of float32 becomes q = round(x / scale) + zero in 0 .. 255, a column
// w of weights round(w / scale) in -127 .. 127. Their product is
// row scale * column scale * sum((q - zero) w), the sum exact in int32: the
// same at every level, to the bit. Jacob et al. 2018, arXiv:1712.05877,
// section 2; a scale for each row and each column.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// Terms of a sum that cannot overflow.
constexpr int64_t kInt8MaxTerms = 65536;

// Columns of a panel: parts of a packed matrix begin at multiples of it.
constexpr int64_t kInt8PanelCols = 16;

// Bytes of a packed matrix [K, N], and from one quantised row to the next.
[[nodiscard]] int64_t int8_packed_size(int64_t k, int64_t n);
[[nodiscard]] int64_t int8_row_size(int64_t k);

// A packed matrix [K, N]. Panel p lies at values + p * 16 * int8_row_size(k).
struct Int8Matrix {
  const int8_t* values = nullptr;
  const float* scales = nullptr;  // [N]
  const int32_t* sums = nullptr;  // [N], of a column's values
  int64_t k = 0;                  // at most kInt8MaxTerms
  int64_t n = 0;
};

// Where the packed form of a matrix goes, of the sizes above.
struct Int8MatrixOut {
  int8_t* values;
  float* scales;
  int32_t* sums;
};

// Packs a linear map's weight, [N, K] in contiguous rows. A column that is not
// finite has a scale that is not.
void int8_pack(
    const float* weight, int64_t k, int64_t n, const Int8MatrixOut& out);

// Quantised rows: int8_row_size(k) bytes, a scale and a zero point each.
struct Int8Rows {
  uint8_t* values;
  float* scales;
  int32_t* zeros;
};

// Quantises `m` rows of `k` values, `stride` apart, less `centre`, k values
// that may be null for 0. A value that is its centre's stays that. A row with a
// value that is not finite has a scale that is not, and so are its products.
void int8_quantize(
    const float* rows,
    int64_t stride,
    int64_t m,
    int64_t k,
    const float* centre,
    const Int8Rows& out);

// c [M, N], rows `c_stride` apart, = a b + bias (one value a column).
void int8_gemm(
    const Int8Rows& a,
    int64_t m,
    const Int8Matrix& b,
    const float* bias,
    float* c,
    int64_t c_stride);

// Whether int8_gemm() has instructions that make it faster than float32 here.
[[nodiscard]] bool has_fast_int8();

namespace reference {

void int8_quantize(
    const float* rows,
    int64_t stride,
    int64_t m,
    int64_t k,
    const float* centre,
    const Int8Rows& out);

}  // namespace reference

}  // namespace nadir::kernels
