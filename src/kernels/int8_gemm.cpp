#include "kernels/int8_gemm.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <hwy/targets.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "kernels/int8_tile.h"
#include "kernels/isa.h"

namespace nadir::kernels {
namespace {

constexpr float kLargestWeight = 127;

struct DotPortable {
  static constexpr int64_t kRows = 1;
  static constexpr int64_t kPanels = 1;

  struct Sums {
    int32_t values[kInt8PanelCols] = {};

    void add(int32_t four, const int8_t* group) {
      uint8_t row[kInt8Group];
      std::memcpy(row, &four, sizeof(four));
      for (int64_t j = 0; j < kInt8PanelCols; ++j) {
        for (int64_t t = 0; t < kInt8Group; ++t) {
          values[j] += row[t] * group[j * kInt8Group + t];
        }
      }
    }

    void store(int32_t* out) const { std::memcpy(out, values, sizeof(values)); }
  };
};

// One column's scale, so that the largest weight is 127.
float column_scale(const float* weights, int64_t k) {
  float largest = 0;
  float not_finite = 0;  // or NaN
  for (int64_t t = 0; t < k; ++t) {
    largest = std::max(largest, std::abs(weights[t]));
    not_finite += weights[t] - weights[t];
  }
  return (largest > 0 ? largest / kLargestWeight : 1) + not_finite;
}

#if defined(__x86_64__)
bool uses_avx_vnni() {
  return allows_target(HWY_AVX2) && __builtin_cpu_supports("avxvnni");
}
#endif

Int8Gemm* best_gemm() {
#if defined(__x86_64__)
  if (allows_avx512_vnni()) {
    return int8_gemm_vnni;
  }
  if (uses_avx_vnni()) {
    return int8_gemm_avx_vnni;
  }
  if (allows_target(HWY_AVX2)) {
    return int8_gemm_avx2;
  }
#endif
  return int8_gemm_by<DotPortable>;
}

}  // namespace

int64_t int8_row_size(int64_t k) {
  return round_up(k, kInt8Group);
}

int64_t int8_packed_size(int64_t k, int64_t n) {
  return int8_row_size(k) * round_up(n, kInt8PanelCols);
}

void int8_pack(
    const float* weight, int64_t k, int64_t n, const Int8MatrixOut& out) {
  NADIR_ASSERT(k <= kInt8MaxTerms);
  const int64_t row_size = int8_row_size(k);
  std::memset(out.values, 0, static_cast<size_t>(int8_packed_size(k, n)));
  for (int64_t col = 0; col < n; ++col) {
    const float* const weights = weight + col * k;
    const float scale = column_scale(weights, k);
    int8_t* const panel =
        out.values + col / kInt8PanelCols * kInt8PanelCols * row_size;
    int32_t sum = 0;
    for (int64_t t = 0; t < k && std::isfinite(scale); ++t) {
      const auto value = static_cast<int8_t>(std::nearbyint(std::min(
          kLargestWeight, std::max(-kLargestWeight, weights[t] / scale))));
      panel
          [(t / kInt8Group * kInt8PanelCols + col % kInt8PanelCols) *
               kInt8Group +
           t % kInt8Group] = value;
      sum += value;
    }
    out.scales[col] = scale;
    out.sums[col] = sum;
  }
}

bool has_fast_int8() {
#if defined(__x86_64__)
  return allows_avx512_vnni() || uses_avx_vnni();
#else
  return false;
#endif
}

void int8_gemm(
    const Int8Rows& a,
    int64_t m,
    const Int8Matrix& b,
    const float* bias,
    float* c,
    int64_t c_stride) {
  best_gemm()(a, m, b, bias, c, c_stride);
}

}  // namespace nadir::kernels
