// x + factor * fc2(gelu(fc1(norm(x)))), the second half of a transformer
// block, with a gradient of our own: float32 on the CPU; products by weights
// may round their factors to bfloat16. Rows go through in chunks that stay in
// cache; what is kept for the gradient is the input and what fc1 gives. Rows
// that stochastic depth leaves out cost a copy. Shapes: T tokens, D channels, B
// images.
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/linear_weight.h"
#include "ops/token_rows.h"

namespace nadir::ops {

// As the modules have them; float32, contiguous.
struct MlpParameters {
  at::Tensor norm_weight;
  at::Tensor norm_bias;
  at::Tensor fc1_weight;
  at::Tensor fc1_bias;
  at::Tensor fc2_weight;
  at::Tensor fc2_bias;
  double norm_eps = 1e-6;
  WeightFormat format = WeightFormat::kFloat32;  // of products by weights
  // For inference: the weights packed already, or null.
  const LinearWeight* packed_fc1 = nullptr;
  const LinearWeight* packed_fc2 = nullptr;
};

// [T, D]. `factors_B`: one float32 factor an image, or undefined. Can be
// differentiated once, by x and the parameters; with `recomputes`, what fc1
// gives is computed again for that instead of kept: the same gradients.
[[nodiscard]] at::Tensor mlp_branch(
    const at::Tensor& x_TD,
    const MlpParameters& parameters,
    const TokenLayout& layout,
    const at::Tensor& factors_B,
    bool recomputes = false);

}  // namespace nadir::ops
