// GELU with the error function (Hendrycks and Gimpel 2016): x Phi(x), within
// 3e-7 max(1, |x|); erf by 7.1.26 of Abramowitz and Stegun, whose exponential
// serves the derivative too.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// y = gelu(x) for `count` values; `x` may be `y`.
void gelu(const float* x, int64_t count, float* y);

// y = gelu(x) again, and grad *= gelu'(x).
void gelu_backward(const float* x, int64_t count, float* y, float* grad);

namespace reference {
void gelu(const float* x, int64_t count, float* y);
void gelu_backward(const float* x, int64_t count, float* y, float* grad);
}  // namespace reference

}  // namespace nadir::kernels
