#include "optim/optimizer.h"

#include <ATen/ATen.h>

#include "core/config.h"
#include "core/error.h"
#include "optim/adamw.h"
#include "optim/lars.h"
#include "optim/sgd.h"

namespace nadir::optim {

Optimizer::Optimizer(
    std::vector<ParameterGroup> groups, std::vector<std::string> quantities)
    : groups_(std::move(groups)), quantities_(std::move(quantities)) {
  for (const ParameterGroup& group : groups_) {
    slots_.emplace_back(group.tensors.size());
  }
}

std::vector<at::Tensor>& Optimizer::slots(size_t group, size_t index) {
  auto& slots = slots_[group][index];
  if (slots.empty()) {
    const at::Tensor& parameter = groups_[group].tensors[index];
    for (const std::string& quantity : quantities_) {
      slots.push_back(
          quantity == "step"
              ? at::zeros({}, parameter.options().requires_grad(false))
              : at::zeros_like(parameter.detach()));
    }
  }
  return slots;
}

std::map<std::string, at::Tensor> Optimizer::state() const {
  std::map<std::string, at::Tensor> state;
  for (size_t g = 0; g < groups_.size(); ++g) {
    for (size_t i = 0; i < groups_[g].names.size(); ++i) {
      for (size_t q = 0; q < slots_[g][i].size(); ++q) {
        state[groups_[g].names[i] + "." + quantities_[q]] = slots_[g][i][q];
      }
    }
  }
  return state;
}

void Optimizer::load_state(const std::map<std::string, at::Tensor>& state) {
  auto loaded = slots_;
  size_t num_taken = 0;
  for (size_t g = 0; g < groups_.size(); ++g) {
    for (size_t i = 0; i < groups_[g].names.size(); ++i) {
      const std::string& name = groups_[g].names[i];
      const at::Tensor& parameter = groups_[g].tensors[i];
      auto& slots = loaded[g][i];
      slots.clear();
      for (const std::string& quantity : quantities_) {
        const auto found = state.find(name + "." + quantity);
        if (found == state.end()) {
          continue;
        }
        const auto expected =
            quantity == "step" ? at::IntArrayRef{} : parameter.sizes();
        if (found->second.sizes() != expected) {
          fail(
              ErrorCode::kCorruptData,
              "optimiser state {} has another shape than its parameter; the "
              "checkpoint is of another network",
              found->first);
        }
        slots.push_back(
            at::empty(expected, parameter.options().requires_grad(false))
                .copy_(found->second));
        ++num_taken;
      }
      if (!slots.empty() && slots.size() != quantities_.size()) {
        fail(
            ErrorCode::kCorruptData,
            "optimiser state of {} is incomplete: it needs {}",
            name,
            join(quantities_, ", "));
      }
    }
  }
  if (num_taken != state.size()) {
    for (const auto& [name, tensor] : state) {
      const auto dot = name.rfind('.');
      bool is_known = false;
      for (const ParameterGroup& group : groups_) {
        for (const std::string& parameter : group.names) {
          is_known = is_known || parameter == name.substr(0, dot);
        }
      }
      if (!is_known) {
        fail(
            ErrorCode::kCorruptData,
            "optimiser state {} belongs to no trained parameter",
            name);
      }
    }
    fail(
        ErrorCode::kCorruptData,
        "the optimiser state is of another optimiser: this one keeps {}",
        join(quantities_, ", "));
  }
  slots_ = std::move(loaded);
}

std::unique_ptr<Optimizer> make_optimizer(
    const std::string& name, std::vector<ParameterGroup> groups) {
  if (name == "adamw") {
    return std::make_unique<AdamW>(std::move(groups));
  }
  if (name == "sgd") {
    return std::make_unique<Sgd>(std::move(groups));
  }
  if (name == "lars") {
    return std::make_unique<Lars>(std::move(groups));
  }
  fail(
      ErrorCode::kInvalidArgument,
      "optimizer must be adamw, sgd or lars, got '{}'{}",
      name,
      did_you_mean(name, {"adamw", "sgd", "lars"}));
}

}  // namespace nadir::optim
