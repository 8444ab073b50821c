#include "gpu/bias_gelu.h"

#include <torch/csrc/autograd/custom_function.h>

#include "gpu/token_kernels.h"

namespace nadir::gpu {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class BiasGelu : public torch::autograd::Function<BiasGelu> {
 public:
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& hidden_TF,
      const at::Tensor& bias_F) {
    context->save_for_backward({hidden_TF, bias_F});
    return bias_gelu_forward(hidden_TF, bias_F);
  }

  static variable_list backward(
      AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto g =
        bias_gelu_backward(gradients[0].contiguous(), saved[0], saved[1]);
    return {g.rows, g.bias};
  }
};

}  // namespace

at::Tensor bias_gelu(const at::Tensor& hidden_TF, const at::Tensor& bias_F) {
  return BiasGelu::apply(hidden_TF, bias_F);
}

}  // namespace nadir::gpu
