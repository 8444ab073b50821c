// Inner products of rows of 16-bit numbers, exact in int32, on one thread: half
// of float32's bytes and up to twice its multiply-adds a second with any vector
// instructions. For a first look at similarities.
//
// Rows of numbers in -32767 .. 32767, the lengths (Euclidean norms) of two rows
// that meet at most 2^31 - 1 multiplied: then no part of a sum overflows
// (Cauchy and Schwarz). The same at every level, to the bit.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// Numbers from one row of `k` to the next: 0 fills what is past k.
[[nodiscard]] constexpr int64_t int16_row_size(int64_t k) {
  return k + k % 2;
}

// Writes round(scale * (row - centre)), `k` numbers to row_size(k), and returns
// the squared length of what rounding took off. To be in -32767 .. 32767.
[[nodiscard]] float int16_quantize(
    const float* row,
    const float* centre,
    float scale,
    int64_t k,
    int16_t* numbers);

// Columns of a product with `n` packed rows: those past n are of zeros.
[[nodiscard]] int64_t int16_padded_cols(int64_t n);

// Packs rows [N, K], int16_row_size(k) apart, to int16_padded_cols(n) *
// int16_row_size(k) numbers.
void int16_pack(const int16_t* rows, int64_t k, int64_t n, int16_t* packed);

// products [M, padded N] of rows [M, K] and packed rows [N, K]. `packed` and
// `products` are aligned to 64 bytes.
struct Int16GemmCall {
  const int16_t* rows;
  int64_t m;
  int64_t k;
  const int16_t* packed;
  int64_t n;
  int32_t* products;
};

void int16_gemm(const Int16GemmCall& call);

namespace reference {
[[nodiscard]] float int16_quantize(
    const float* row,
    const float* centre,
    float scale,
    int64_t k,
    int16_t* numbers);

// The same from rows that are not packed; products [M, N].
void int16_gemm(const Int16GemmCall& call);
}  // namespace reference

}  // namespace nadir::kernels
