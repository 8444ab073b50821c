// Softmax over rows of float32, with what its gradient needs.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// Each of `num_rows` rows of `num_cols` values, `stride` apart, becomes
// softmax(scale * row); log_sums[row] = log sum exp(scale * row).
void softmax(
    float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    float* log_sums);

// The same from `log_sums`: exp(scale * row - log_sums[row]).
void softmax_again(
    float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    const float* log_sums);

// grads = scale * rows * (grads - dots[row]), `rows` being a softmax and
// dots[row] = <rows[row], grads[row]>: the gradient by the softmax's input.
void softmax_backward(
    const float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    const float* dots,
    float* grads);

namespace reference {
void softmax(
    float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    float* log_sums);
void softmax_backward(
    const float* rows,
    int64_t num_rows,
    int64_t num_cols,
    int64_t stride,
    float scale,
    const float* dots,
    float* grads);
}  // namespace reference

}  // namespace nadir::kernels
