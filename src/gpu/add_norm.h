// The residual stream of a transformer and its norm in one pass, with their
// gradient. Shapes: T tokens, D channels.
#pragma once

#include <ATen/core/Tensor.h>

namespace nadir::gpu {

// What a block's half adds to the stream: factor * (branch + bias).
struct Branch {
  at::Tensor rows_TD;    // bfloat16
  at::Tensor bias_D;     // float32
  at::Tensor factors_T;  // float32, or undefined for 1; has no gradient
};

struct NormedStream {
  at::Tensor x_TD;     // float32: the stream with the branch
  at::Tensor norm_TD;  // bfloat16: gamma * (x - mean) / deviation + beta
};

// `x_TD` float32, contiguous, on a GPU that has_token_kernels(). A branch
// without rows adds nothing. Can be differentiated once.
[[nodiscard]] NormedStream add_norm(
    const at::Tensor& x_TD,
    const Branch& branch,
    const at::Tensor& gamma_D,
    const at::Tensor& beta_D,
    double eps);

}  // namespace nadir::gpu
