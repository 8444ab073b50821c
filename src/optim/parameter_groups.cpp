#include "optim/parameter_groups.h"

namespace nadir::optim {

std::vector<ParameterGroup> make_parameter_groups(
    const torch::nn::Module& module) {
  ParameterGroup decayed{.names = {}, .tensors = {}, .is_decayed = true};
  ParameterGroup exempt{.names = {}, .tensors = {}, .is_decayed = false};
  for (const auto& item : module.named_parameters()) {
    if (!item.value().requires_grad()) {
      continue;
    }
    const bool is_exempt =
        item.key().ends_with(".bias") || item.value().dim() == 1;
    ParameterGroup& group = is_exempt ? exempt : decayed;
    group.names.push_back(item.key());
    group.tensors.push_back(item.value());
  }
  return {decayed, exempt};
}

}  // namespace nadir::optim
