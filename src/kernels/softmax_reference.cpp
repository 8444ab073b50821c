#include <algorithm>
#include <cmath>

#include "kernels/softmax.h"

namespace nadir::kernels::reference {

void softmax(
    float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    float* log_sums) {
  for (int64_t r = 0; r < num_rows; ++r) {
    float* const row = rows + r * stride;
    const double top =
        static_cast<double>(scale) * *std::max_element(row, row + num_cols);
    double sum = 0;
    for (int64_t i = 0; i < num_cols; ++i) {
      sum += std::exp(static_cast<double>(scale) * row[i] - top);
    }
    for (int64_t i = 0; i < num_cols; ++i) {
      row[i] = static_cast<float>(
          std::exp(static_cast<double>(scale) * row[i] - top) / sum);
    }
    log_sums[r] = static_cast<float>(top + std::log(sum));
  }
}

void softmax_backward(
    const float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    const float* dots,
    float* grads) {
  for (int64_t r = 0; r < num_rows; ++r) {
    for (int64_t i = r * stride; i < r * stride + num_cols; ++i) {
      grads[i] = static_cast<float>(
          static_cast<double>(scale) * rows[i] *
          (static_cast<double>(grads[i]) - dots[r]));
    }
  }
}

}  // namespace nadir::kernels::reference
