#include "gpu/product.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace nadir::gpu {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class Product : public torch::autograd::Function<Product> {
 public:
  static at::Tensor forward(
      AutogradContext* context,
      const at::Tensor& x_TI,
      const at::Tensor& weight_OI) {
    const auto rounded_OI = weight_OI.to(at::kBFloat16);
    context->save_for_backward({x_TI, rounded_OI});
    return at::mm(x_TI, rounded_OI.t());
  }

  static variable_list backward(
      AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto& grad_TO = gradients[0];
    return {
        at::mm(grad_TO, saved[1]), at::mm(grad_TO.t(), saved[0], at::kFloat)};
  }
};

}  // namespace

at::Tensor product(const at::Tensor& x_TI, const at::Tensor& weight_OI) {
  return Product::apply(x_TI, weight_OI);
}

}  // namespace nadir::gpu
