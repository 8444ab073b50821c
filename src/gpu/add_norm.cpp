#include "gpu/add_norm.h"

#include <torch/csrc/autograd/custom_function.h>

#include "gpu/token_kernels.h"

namespace nadir::gpu {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Not seen by autograd.
struct NormOptions {
  at::Tensor factors_T;
  double eps = 0;
};

at::Tensor dense(const at::Tensor& gradient) {
  return gradient.defined() ? gradient.contiguous() : gradient;
}

AddNormGradients gradients_of(
    AutogradContext* context,
    const at::Tensor& grad_norm_TD,
    const at::Tensor& grad_y_TD,
    bool has_branch) {
  const auto saved = context->get_saved_variables();
  const AddNormResult result{saved[0], {}, saved[1], saved[2]};
  return add_norm_backward(
      grad_norm_TD.defined()
          ? grad_norm_TD.contiguous()
          : at::zeros_like(saved[0], saved[0].options().dtype(at::kBFloat16)),
      dense(grad_y_TD),
      result,
      saved[3],
      saved[4],
      has_branch);
}

class Norm : public torch::autograd::Function<Norm> {
 public:
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& x_TD,
      const at::Tensor& gamma_D,
      const at::Tensor& beta_D,
      double eps) {
    const auto result =
        add_norm_forward(x_TD, {}, {}, {}, gamma_D, beta_D, eps);
    context->save_for_backward(
        {x_TD, result.mean_T, result.rstd_T, gamma_D, at::Tensor()});
    return result.norm_TD;
  }

  static variable_list backward(
      AutogradContext* context, const variable_list& gradients) {
    const auto g = gradients_of(context, gradients[0], {}, false);
    return {g.x_TD, g.gamma_D, g.beta_D, at::Tensor()};
  }
};

class AddNorm : public torch::autograd::Function<AddNorm> {
 public:
  static variable_list forward(
      AutogradContext* context,
      const at::Tensor& x_TD,
      const at::Tensor& branch_TD,
      const at::Tensor& bias_D,
      const at::Tensor& gamma_D,
      const at::Tensor& beta_D,
      const NormOptions& options) {
    const auto result = add_norm_forward(
        x_TD,
        branch_TD,
        bias_D,
        options.factors_T,
        gamma_D,
        beta_D,
        options.eps);
    context->set_materialize_grads(false);
    context->save_for_backward(
        {result.y_TD,
         result.mean_T,
         result.rstd_T,
         gamma_D,
         options.factors_T});
    return {result.y_TD, result.norm_TD};
  }

  static variable_list backward(
      AutogradContext* context, const variable_list& gradients) {
    const auto g = gradients_of(context, gradients[1], gradients[0], true);
    return {g.x_TD, g.branch_TD, g.bias_D, g.gamma_D, g.beta_D, at::Tensor()};
  }
};

}  // namespace

NormedStream add_norm(
    const at::Tensor& x_TD,
    const Branch& branch,
    const at::Tensor& gamma_D,
    const at::Tensor& beta_D,
    double eps) {
  if (!branch.rows_TD.defined()) {
    return {x_TD, Norm::apply(x_TD, gamma_D, beta_D, eps)};
  }
  const auto both = AddNorm::apply(
      x_TD,
      branch.rows_TD,
      branch.bias_D,
      gamma_D,
      beta_D,
      NormOptions{branch.factors_T, eps});
  return {both[0], both[1]};
}

}  // namespace nadir::gpu
