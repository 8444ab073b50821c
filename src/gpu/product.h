#pragma once

#include <ATen/core/Tensor.h>

namespace nadir::gpu {

// x weight^T in bfloat16, of `x_TI` bfloat16 [T, I] and `weight_OI` float32
// [O, I], which is rounded. The gradient by the weight is summed and given in
// float32. Can be differentiated once.
[[nodiscard]] at::Tensor product(
    const at::Tensor& x_TI, const at::Tensor& weight_OI);

}  // namespace nadir::gpu
