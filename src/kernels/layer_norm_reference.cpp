#include <cmath>

#include "kernels/layer_norm.h"

namespace nadir::kernels::reference {
namespace {

struct Moments {
  double mean = 0;
  double rstd = 0;
};

Moments moments_of(const float* x, int64_t dim, double eps) {
  const auto count = static_cast<double>(dim);
  Moments moments;
  double variance = 0;
  for (int64_t i = 0; i < dim; ++i) {
    moments.mean += x[i] / count;
  }
  for (int64_t i = 0; i < dim; ++i) {
    variance += (x[i] - moments.mean) * (x[i] - moments.mean) / count;
  }
  moments.rstd = 1 / std::sqrt(variance + eps);
  return moments;
}

}  // namespace

void layer_norm(
    const float* x,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    const float* bias,
    float eps,
    float* y) {
  for (int64_t row = 0; row < num_rows; ++row) {
    const auto moments = moments_of(x + row * dim, dim, eps);
    for (int64_t i = 0; i < dim; ++i) {
      const double normalized =
          (x[row * dim + i] - moments.mean) * moments.rstd;
      y[row * dim + i] = static_cast<float>(normalized * weight[i] + bias[i]);
    }
  }
}

void layer_norm_backward(
    const float* x,
    const float* grad_y,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    float eps,
    float* grad_x,
    float* grad_weight,
    float* grad_bias) {
  const auto count = static_cast<double>(dim);
  for (int64_t row = 0; row < num_rows; ++row) {
    const float* const in = x + row * dim;
    const float* const grad = grad_y + row * dim;
    const auto moments = moments_of(in, dim, eps);
    double sum = 0;
    double dot = 0;
    for (int64_t i = 0; i < dim; ++i) {
      const double normalized = (in[i] - moments.mean) * moments.rstd;
      sum += static_cast<double>(grad[i]) * weight[i];
      dot += static_cast<double>(grad[i]) * weight[i] * normalized;
      grad_weight[i] += static_cast<float>(grad[i] * normalized);
      grad_bias[i] += grad[i];
    }
    for (int64_t i = 0; i < dim; ++i) {
      const double normalized = (in[i] - moments.mean) * moments.rstd;
      const double inner = static_cast<double>(grad[i]) * weight[i] -
                           sum / count - normalized * dot / count;
      grad_x[row * dim + i] += static_cast<float>(moments.rstd * inner);
    }
  }
}

}  // namespace nadir::kernels::reference
