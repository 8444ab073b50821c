// What lies between a transformer block's products on a GPU, each in one pass
// over the tokens: LibTorch's operators take several. Numbers between products
// are bfloat16, the residual stream float32. Shapes: T tokens, D channels, F
// channels within the MLP.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "gpu/program.h"

namespace nadir::gpu {

// The kernels' source in CUDA C++; needs DIM defined.
[[nodiscard]] const char* token_kernels_source();

// Whether tokens of `dim` channels on `device`, and MLPs four times as wide,
// are taken by the kernels: compiles them at the first question, from any
// thread. Where that fails it is logged once. The functions below need it.
[[nodiscard]] bool has_token_kernels(c10::Device device, int64_t dim);

// y = x + factor * (branch + bias) and norm_TD of it.
struct AddNormResult {
  at::Tensor y_TD;     // float32; x itself where there is no branch
  at::Tensor norm_TD;  // bfloat16
  at::Tensor mean_T;
  at::Tensor rstd_T;
};

// `branch_TD` bfloat16 with `bias_D`, or both undefined; `factors_T` float32 or
// undefined for 1; all contiguous. Throws Error{kInternal} from the driver.
[[nodiscard]] AddNormResult add_norm_forward(
    const at::Tensor& x_TD,
    const at::Tensor& branch_TD,
    const at::Tensor& bias_D,
    const at::Tensor& factors_T,
    const at::Tensor& gamma_D,
    const at::Tensor& beta_D,
    double eps);

struct AddNormGradients {
  at::Tensor x_TD;       // float32
  at::Tensor branch_TD;  // bfloat16; undefined where there is none
  at::Tensor gamma_D;
  at::Tensor beta_D;
  at::Tensor bias_D;
};

// From the gradients by norm_TD, and by y_TD where that is defined.
[[nodiscard]] AddNormGradients add_norm_backward(
    const at::Tensor& grad_norm_TD,
    const at::Tensor& grad_y_TD,
    const AddNormResult& result,
    const at::Tensor& gamma_D,
    const at::Tensor& factors_T,
    bool has_branch);

// gelu(hidden + bias), exact, in bfloat16.
[[nodiscard]] at::Tensor bias_gelu_forward(
    const at::Tensor& hidden_TF, const at::Tensor& bias_F);

struct BiasedGradients {
  at::Tensor rows;  // bfloat16
  at::Tensor bias;  // float32: their sum
};

[[nodiscard]] BiasedGradients bias_gelu_backward(
    const at::Tensor& grad_out_TF,
    const at::Tensor& hidden_TF,
    const at::Tensor& bias_F);

// Gradients of queries, keys and values [B, H, N, D / H] of one group of images
// after the other as rows [T, 3 D], and their sum.
[[nodiscard]] BiasedGradients join_qkv(
    const std::vector<std::array<at::Tensor, 3>>& groups);

}  // namespace nadir::gpu
