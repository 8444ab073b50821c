#include "kernels/bf16_gemm.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <hwy/targets.h>

#include "core/error.h"
#include "kernels/bf16_gemm_avx512.h"
#include "kernels/isa.h"

namespace nadir::kernels {
namespace {

// Rows that are rounded at a time where there are no instructions.
constexpr int64_t kBlockRows = 48;

// Stored rows of `count` values, rounded and beside each other.
void round_rows(
    const MatrixView& src, int64_t num_rows, int64_t count, float* out) {
  for (int64_t row = 0; row < num_rows; ++row) {
    std::transform(
        src.stored_row(row),
        src.stored_row(row) + count,
        out + row * count,
        round_to_bf16);
  }
}

}  // namespace

float round_to_bf16(float value) {
  if (std::isnan(value)) {
    return value;
  }
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t half_less_one = 0x7FFF + ((bits >> 16) & 1);
  return std::bit_cast<float>((bits + half_less_one) & 0xFFFF0000U);
}

bool has_fast_bf16() {
#if defined(__x86_64__)
  return allows_target(HWY_AVX3) && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

int64_t bf16_panel_cols() {
  return has_fast_bf16() ? avx512_bf16::kPanelCols : gemm_panel_cols();
}

int64_t bf16_packed_size(int64_t k, int64_t n) {
#if defined(__x86_64__)
  if (has_fast_bf16()) {
    return avx512_bf16::packed_size(k, n);
  }
#endif
  return gemm_packed_size(k, n);
}

int64_t bf16_scratch_size(int64_t k) {
#if defined(__x86_64__)
  if (has_fast_bf16()) {
    return avx512_bf16::scratch_size();
  }
#endif
  return gemm_scratch_size(k) + kBlockRows * k;
}

void bf16_pack(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  NADIR_ASSERT(b.picked == nullptr);
#if defined(__x86_64__)
  if (has_fast_bf16()) {
    avx512_bf16::pack(b, k, n, packed);
    return;
  }
#endif
  gemm_pack(b, k, n, packed);
  std::transform(
      packed, packed + gemm_packed_size(k, n), packed, round_to_bf16);
}

void bf16_gemm(
    const MatrixView& a,
    int64_t m,
    int64_t k,
    const float* packed,
    int64_t n,
    GemmInit init,
    const float* bias,
    float* c,
    int64_t c_stride,
    float* scratch) {
  NADIR_ASSERT(a.picked == nullptr);
#if defined(__x86_64__)
  if (has_fast_bf16()) {
    avx512_bf16::gemm(a, m, k, packed, n, init, bias, c, c_stride, scratch);
    return;
  }
#endif
  float* const values = scratch + gemm_scratch_size(k);
  for (int64_t row = 0; row < m; row += kBlockRows) {
    const int64_t num_rows = std::min(kBlockRows, m - row);
    MatrixView rounded{values, k};
    if (a.is_transposed) {
      rounded = {values, num_rows, true};
      round_rows(a.at(row, 0), k, num_rows, values);
    } else {
      round_rows(a.at(row, 0), num_rows, k, values);
    }
    gemm(
        rounded,
        num_rows,
        k,
        packed,
        n,
        init,
        bias,
        c + row * c_stride,
        c_stride,
        scratch);
  }
}

}  // namespace nadir::kernels
