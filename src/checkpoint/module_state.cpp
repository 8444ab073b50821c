#include "checkpoint/module_state.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "checkpoint/key_map.h"

namespace nadir::checkpoint {

TensorMap state_of(const model::Module& module, const std::string& prefix) {
  TensorMap state;
  for (const auto& item : module.named_parameters()) {
    state[prefix + item.name] = item.tensor.detach();
  }
  for (const auto& item : module.named_buffers()) {
    state[prefix + item.name] = item.tensor;
  }
  return state;
}

void load_state(
    model::Module& module,
    const TensorMap& tensors,
    const std::string& source,
    const std::string& prefix) {
  const at::NoGradGuard no_grad;
  TensorMap given;
  for (const auto& [name, tensor] : tensors) {
    if (name.compare(0, prefix.size(), prefix) == 0) {
      given[name.substr(prefix.size())] = tensor;
    }
  }
  const TensorMap own = state_of(module);
  std::map<std::string, std::vector<int64_t>> wanted;
  for (const auto& [name, tensor] : own) {
    wanted[name] = tensor.sizes().vec();
  }
  KeyReport report;
  match_keys(given, wanted, report);
  require_all_matched(report, source);
  for (const auto& [name, tensor] : own) {
    at::Tensor target = tensor;
    target.copy_(given.at(name));
  }
}

std::shared_ptr<model::VisionTransformer> make_backbone(
    const Weights& weights) {
  auto backbone = std::make_shared<model::VisionTransformer>(weights.config);
  load_state(*backbone, weights.tensors, weights.source);
  for (auto& parameter : backbone->parameters()) {
    parameter.requires_grad_(false);
  }
  backbone->eval();
  return backbone;
}

}  // namespace nadir::checkpoint
