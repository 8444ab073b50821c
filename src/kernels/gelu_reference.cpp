#include <cmath>
#include <numbers>

#include "kernels/gelu.h"

namespace nadir::kernels::reference {
namespace {

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::numbers::sqrt2);
}

double normal_pdf(double x) {
  return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
}

}  // namespace

void gelu(const float* x, int64_t count, float* y) {
  for (int64_t i = 0; i < count; ++i) {
    const double value = x[i];
    y[i] = static_cast<float>(value * normal_cdf(value));
  }
}

void gelu_backward(const float* x, int64_t count, float* y, float* grad) {
  for (int64_t i = 0; i < count; ++i) {
    const double value = x[i];
    const double slope = normal_cdf(value) + value * normal_pdf(value);
    y[i] = static_cast<float>(value * normal_cdf(value));
    grad[i] = static_cast<float>(grad[i] * slope);
  }
}

}  // namespace nadir::kernels::reference
