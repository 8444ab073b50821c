#include "optim/lars.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace nadir::optim {
namespace {

constexpr double kMomentum = 0.9;
constexpr double kTrust = 0.001;

}  // namespace

Lars::Lars(std::vector<ParameterGroup> groups)
    : Optimizer(std::move(groups), {"momentum_buffer"}) {}

void Lars::step(double lr, double weight_decay) {
  const at::NoGradGuard no_grad;
  for (size_t g = 0; g < groups().size(); ++g) {
    const ParameterGroup& group = groups()[g];
    for (size_t i = 0; i < group.tensors.size(); ++i) {
      const at::Tensor& parameter = group.tensors[i];
      if (!parameter.grad().defined()) {
        continue;
      }
      auto update = parameter.grad();
      if (parameter.dim() != 1) {
        if (group.is_decayed) {
          update = update.add(parameter, weight_decay);
        }
        const auto parameter_norm = parameter.norm();
        const auto update_norm = update.norm();
        // 1 where a norm is 0; stays on the device.
        const auto ratio = at::where(
            (parameter_norm > 0).logical_and(update_norm > 0),
            kTrust * parameter_norm / update_norm,
            at::ones_like(parameter_norm));
        update = update * ratio;
      }
      auto& buffer = slots(g, i)[0];
      buffer.mul_(kMomentum).add_(update);
      parameter.sub_(buffer, lr);
    }
  }
}

}  // namespace nadir::optim
