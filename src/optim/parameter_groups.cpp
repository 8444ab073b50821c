#include "optim/parameter_groups.h"

namespace nadir::optim {

std::vector<ParameterGroup> make_parameter_groups(const model::Module& module) {
  ParameterGroup decayed{.names = {}, .tensors = {}, .is_decayed = true};
  ParameterGroup exempt{.names = {}, .tensors = {}, .is_decayed = false};
  for (const auto& item : module.named_parameters()) {
    if (!item.tensor.requires_grad()) {
      continue;
    }
    const bool is_exempt =
        item.name.ends_with(".bias") || item.tensor.dim() == 1;
    ParameterGroup& group = is_exempt ? exempt : decayed;
    group.names.push_back(item.name);
    group.tensors.push_back(item.tensor);
  }
  return {decayed, exempt};
}

}  // namespace nadir::optim
