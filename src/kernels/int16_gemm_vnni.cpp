// int16_gemm() by AVX-512 VNNI. Compiled for that instruction set; empty
// elsewhere than on x86. Calls nothing of the standard library, which other
// files may share.
#if defined(__x86_64__)
#include <cstring>

#include <immintrin.h>

#include "kernels/int16_gemm.h"
#include "kernels/int16_level.h"

namespace nadir::kernels {
namespace {

constexpr int64_t kVnniCols = 32;
constexpr int64_t kVnniRows = 12;

// kRows rows times a panel: int16_gemm_simd.cpp's tile.
template <int64_t kRows>
inline void run_vnni_tile(
    const int16_t* __restrict__ rows,
    int64_t row_size,
    const int16_t* __restrict__ panel,
    int32_t* __restrict__ products,
    int64_t num_cols) {
  constexpr int64_t kBases = (kRows + 2) / 3;
  const int16_t* bases[kBases];
  for (int64_t i = 0; i < kBases; ++i) {
    bases[i] = rows + 3 * i * row_size;
  }
  __m512i sums[kRows][2];
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; ++i) {
    sums[i][0] = _mm512_setzero_si512();
    sums[i][1] = _mm512_setzero_si512();
  }
  for (int64_t t = 0; t < row_size; t += 2) {
    const __m512i left = _mm512_load_si512(panel);
    const __m512i right = _mm512_load_si512(panel + kVnniCols);
#pragma GCC unroll 12
    for (int64_t i = 0; i < kRows; ++i) {
      int32_t pair = 0;
      std::memcpy(&pair, bases[i / 3] + i % 3 * row_size, sizeof(pair));
      const __m512i factor = _mm512_set1_epi32(pair);
      sums[i][0] = _mm512_dpwssd_epi32(sums[i][0], factor, left);
      sums[i][1] = _mm512_dpwssd_epi32(sums[i][1], factor, right);
    }
#pragma GCC unroll 4
    for (auto& base : bases) {
      base += 2;
    }
    panel += 2 * kVnniCols;
  }
#pragma GCC unroll 12
  for (int64_t i = 0; i < kRows; ++i) {
    _mm512_store_si512(products + i * num_cols, sums[i][0]);
    _mm512_store_si512(products + i * num_cols + kVnniCols / 2, sums[i][1]);
  }
}

}  // namespace

void int16_gemm_vnni(const Int16GemmCall& call) {
  const auto& [rows, m, k, packed, n, products] = call;
  const int64_t row_size = int16_row_size(k);
  const int64_t num_cols = (n + kVnniCols - 1) / kVnniCols * kVnniCols;
  for (int64_t col = 0; col < num_cols; col += kVnniCols) {
    const int16_t* const panel = packed + col * row_size;
    int32_t* const out = products + col;
    int64_t i = 0;
    for (; i + kVnniRows <= m; i += kVnniRows) {
      run_vnni_tile<kVnniRows>(
          rows + i * row_size, row_size, panel, out + i * num_cols, num_cols);
    }
    for (; i < m; ++i) {
      run_vnni_tile<1>(
          rows + i * row_size, row_size, panel, out + i * num_cols, num_cols);
    }
  }
}

}  // namespace nadir::kernels
#endif
