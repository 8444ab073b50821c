#include <cmath>

#include "kernels/int16_gemm.h"

namespace nadir::kernels::reference {

float int16_quantize(
    const float* row,
    const float* centre,
    float scale,
    int64_t k,
    int16_t* numbers) {
  double squares = 0;
  for (int64_t t = 0; t < int16_row_size(k); ++t) {
    const float exact = t < k ? scale * (row[t] - centre[t]) : 0;
    const float rounded = std::nearbyint(exact);
    squares += static_cast<double>(exact - rounded) * (exact - rounded);
    numbers[t] = static_cast<int16_t>(rounded);
  }
  return static_cast<float>(squares);
}

void int16_gemm(const Int16GemmCall& call) {
  const auto& [a_rows, m, k, b_rows, n, products] = call;
  const int64_t row_size = int16_row_size(k);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      int32_t sum = 0;
      for (int64_t t = 0; t < k; ++t) {
        sum += a_rows[i * row_size + t] * b_rows[j * row_size + t];
      }
      products[i * n + j] = sum;
    }
  }
}

}  // namespace nadir::kernels::reference
