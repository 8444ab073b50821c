// x + factor * proj(attention(qkv(norm(x)))), the first half of a transformer
// block, with a gradient of our own: float32 on the CPU; products by weights
// may round their factors to bfloat16. Tokens of images of all sizes go through
// the linear maps together, each image attends to itself; what is kept for the
// gradient is the input, what qkv gives, and what the heads give. Images that
// stochastic depth leaves out cost a copy. Shapes: T tokens, D channels, B
// images.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "ops/linear_weight.h"
#include "ops/token_rows.h"

namespace nadir::ops {

// As the modules have them; float32, contiguous. qkv is laid out [3, heads,
// D / heads].
struct AttentionParameters {
  at::Tensor norm_weight;
  at::Tensor norm_bias;
  at::Tensor qkv_weight;
  at::Tensor qkv_bias;
  at::Tensor proj_weight;
  at::Tensor proj_bias;
  int64_t num_heads = 1;
  double norm_eps = 1e-6;
  WeightFormat format = WeightFormat::kFloat32;  // of products by weights
  // For inference: the weights packed already, or null.
  const LinearWeight* packed_qkv = nullptr;
  const LinearWeight* packed_proj = nullptr;
};

// [T, D]; or, with `first_tokens_only`, [B, D]: what the first token of each
// image becomes. `factors_B`: one float32 factor an image, or undefined. Can be
// differentiated once, by x and the parameters; with `recomputes`, all but x is
// computed again for that instead of kept: the same gradients.
[[nodiscard]] at::Tensor attention_branch(
    const at::Tensor& x_TD,
    const AttentionParameters& parameters,
    const TokenLayout& layout,
    const at::Tensor& factors_B,
    bool first_tokens_only = false,
    bool recomputes = false);

}  // namespace nadir::ops
