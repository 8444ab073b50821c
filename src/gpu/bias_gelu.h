#pragma once

#include <ATen/core/Tensor.h>

namespace nadir::gpu {

// gelu(hidden + bias), exact. `hidden_TF` [T, F] bfloat16, contiguous, F four
// times a width that has_token_kernels(); `bias_F` float32. Can be
// differentiated once.
[[nodiscard]] at::Tensor bias_gelu(
    const at::Tensor& hidden_TF, const at::Tensor& bias_F);

}  // namespace nadir::gpu
