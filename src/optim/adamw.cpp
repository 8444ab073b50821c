#include "optim/adamw.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace nadir::optim {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.999;
constexpr double kEps = 1e-8;

}  // namespace

AdamW::AdamW(std::vector<ParameterGroup> groups)
    : Optimizer(std::move(groups), {"exp_avg", "exp_avg_sq", "step"}) {}

void AdamW::step(double lr, double weight_decay) {
  const at::NoGradGuard no_grad;
  for (size_t g = 0; g < groups().size(); ++g) {
    const ParameterGroup& group = groups()[g];
    std::vector<at::Tensor> parameters;
    std::vector<at::Tensor> gradients;
    std::vector<at::Tensor> averages;
    std::vector<at::Tensor> square_averages;
    std::vector<at::Tensor> steps;
    for (size_t i = 0; i < group.tensors.size(); ++i) {
      if (!group.tensors[i].grad().defined()) {
        continue;
      }
      auto& state = slots(g, i);
      parameters.push_back(group.tensors[i]);
      gradients.push_back(group.tensors[i].grad());
      averages.push_back(state[0]);
      square_averages.push_back(state[1]);
      steps.push_back(state[2]);
    }
    if (parameters.empty()) {
      continue;
    }
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(
        parameters,
        gradients,
        averages,
        square_averages,
        /*max_exp_avg_sqs=*/{},
        steps,
        lr,
        kBeta1,
        kBeta2,
        group.is_decayed ? weight_decay : 0,
        kEps,
        /*amsgrad=*/false,
        /*maximize=*/false);
  }
}

}  // namespace nadir::optim
