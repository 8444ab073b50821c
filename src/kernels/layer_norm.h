// LayerNorm (Ba, Kiros and Hinton 2016) over rows of float32, and its gradient.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// y = (x - mean) / sqrt(variance + eps) * weight + bias for each of `num_rows`
// rows of `dim` values without padding; NaN where the variance overflows. `x`
// may be `y`.
void layer_norm(
    const float* x,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    const float* bias,
    float eps,
    float* y);

// Adds to `grad_x` what comes through the norm from `grad_y`, and to
// `grad_weight` and `grad_bias` [dim] their sums over the rows. Mean and
// variance are computed again: that is cheaper than reading them.
void layer_norm_backward(
    const float* x,
    const float* grad_y,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    float eps,
    float* grad_x,
    float* grad_weight,
    float* grad_bias);

namespace reference {
void layer_norm(
    const float* x,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    const float* bias,
    float eps,
    float* y);
void layer_norm_backward(
    const float* x,
    const float* grad_y,
    int64_t num_rows,
    int64_t dim,
    const float* weight,
    float eps,
    float* grad_x,
    float* grad_weight,
    float* grad_bias);
}  // namespace reference

}  // namespace nadir::kernels
