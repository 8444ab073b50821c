#include "kernels/narrow_linear.h"

namespace nadir::kernels::reference {

void narrow_linear(
    const MatrixView& rows,
    int64_t m,
    int64_t k,
    const float* weight,
    int64_t n,
    const float* bias,
    float* out) {
  for (int64_t row = 0; row < m; ++row) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = bias[j];
      for (int64_t i = 0; i < k; ++i) {
        sum += static_cast<double>(rows.stored_row(row)[i]) * weight[j * k + i];
      }
      out[row * n + j] = static_cast<float>(sum);
    }
  }
}

void narrow_descend(
    const NarrowDescent& descent, int64_t first, int64_t count) {
  const auto& d = descent;
  for (int64_t j = 0; j < d.n; ++j) {
    for (int64_t i = first; i < first + count; ++i) {
      float& step = d.steps[j * d.k + i];
      double sum = static_cast<double>(d.momentum) * step;
      for (int64_t row = 0; row < d.m; ++row) {
        sum += static_cast<double>(d.gradients[row * d.n + j]) *
               d.rows.stored_row(row)[i];
      }
      step = static_cast<float>(sum);
      d.weight[j * d.k + i] += step;
    }
  }
}

}  // namespace nadir::kernels::reference
