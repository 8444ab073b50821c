// The gradient of binary cross-entropy by its logits.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// Each of `count` logits x becomes factor * (truth - 1 / (1 + e^-x)): minus the
// gradient of a loss that is weighed by `factor`. Within 3e-7 |factor|; NaN
// stays NaN.
void sigmoid_residual(
    float* logits, const float* truth, int64_t count, float factor);

namespace reference {
void sigmoid_residual(
    float* logits, const float* truth, int64_t count, float factor);
}  // namespace reference

}  // namespace nadir::kernels
