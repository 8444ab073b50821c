#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "ops/token_rows.h"

namespace nadir::gpu {

// Multi-head self-attention of images of all sizes, each by itself: what the
// heads give, [T, D] in bfloat16, of `x_TD` bfloat16. `weight` [3 D, D] and
// `bias` [3 D] are float32, laid out [3, heads, D / heads]; the map from them
// is one product, its gradient by the weight in float32. The softmax is
// LibTorch's choice of kernels. Can be differentiated once.
[[nodiscard]] at::Tensor qkv_attention(
    const at::Tensor& x_TD,
    const at::Tensor& weight,
    const at::Tensor& bias,
    const ops::TokenLayout& layout,
    int64_t num_heads);

}  // namespace nadir::gpu
