#include "optim/sgd.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace nadir::optim {
namespace {

constexpr double kMomentum = 0.9;

}  // namespace

Sgd::Sgd(std::vector<ParameterGroup> groups)
    : Optimizer(std::move(groups), {"momentum_buffer"}) {}

void Sgd::step(double lr, double weight_decay) {
  const at::NoGradGuard no_grad;
  for (size_t g = 0; g < groups().size(); ++g) {
    const ParameterGroup& group = groups()[g];
    for (size_t i = 0; i < group.tensors.size(); ++i) {
      const at::Tensor& parameter = group.tensors[i];
      if (!parameter.grad().defined()) {
        continue;
      }
      auto& buffer = slots(g, i)[0];
      buffer.mul_(kMomentum).add_(parameter.grad());
      if (group.is_decayed && weight_decay != 0) {
        buffer.add_(parameter, weight_decay);
      }
      parameter.sub_(buffer, lr);
    }
  }
}

}  // namespace nadir::optim
