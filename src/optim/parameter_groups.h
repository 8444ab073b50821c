// Which parameters are trained, and which of them decay.
#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/module.h"

namespace nadir::optim {

struct ParameterGroup {
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
  bool is_decayed;
};

// Two groups, decayed and not, of the parameters that take a gradient, in
// their order of registration. Not decayed are names that end in ".bias" and
// tensors of one dimension; class token, position embedding and prototypes do
// decay, as in the reference.
[[nodiscard]] std::vector<ParameterGroup> make_parameter_groups(
    const model::Module& module);

}  // namespace nadir::optim
