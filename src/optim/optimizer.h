// What all optimisers share: groups of parameters, and state by name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "optim/parameter_groups.h"

namespace nadir::optim {

// Parameters without a gradient are passed over by a step: neither moved nor
// decayed, their state unchanged. State is made with a parameter's first
// gradient.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One update. `weight_decay` is for the decayed group only.
  virtual void step(double lr, double weight_decay) = 0;

  // The state as "<parameter>.<quantity>", e.g. "head.mlp.0.bias.exp_avg".
  // The tensors are the optimiser's own: they change with the next step.
  [[nodiscard]] std::map<std::string, at::Tensor> state() const;

  // Takes a copy of what state() gave. Throws Error{kCorruptData} on names
  // that no parameter has, on shapes that differ, and where a parameter has
  // some of its quantities but not all; nothing is changed then.
  void load_state(const std::map<std::string, at::Tensor>& state);

  [[nodiscard]] const std::vector<ParameterGroup>& groups() const noexcept {
    return groups_;
  }

 protected:
  // The quantities kept for each parameter, in this order; one named "step" is
  // a scalar, any other has the parameter's shape. All float32, 0 at first.
  Optimizer(
      std::vector<ParameterGroup> groups, std::vector<std::string> quantities);

  // The state of parameter `index` of group `group`, made on first use.
  std::vector<at::Tensor>& slots(size_t group, size_t index);

 private:
  std::vector<ParameterGroup> groups_;
  std::vector<std::string> quantities_;
  // [group][parameter][quantity]; no quantities before the first gradient.
  std::vector<std::vector<std::vector<at::Tensor>>> slots_;
};

// "adamw", "sgd" (momentum 0.9) or "lars"; throws Error{kInvalidArgument} for
// others.
[[nodiscard]] std::unique_ptr<Optimizer> make_optimizer(
    const std::string& name, std::vector<ParameterGroup> groups);

}  // namespace nadir::optim
