#include "model/module.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"

namespace nadir::model {
namespace {

std::vector<at::Tensor> tensors_of(const NamedTensors& named) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(named.size());
  for (const auto& item : named) {
    tensors.push_back(item.tensor);
  }
  return tensors;
}

}  // namespace

const NamedTensor* NamedTensors::find(const std::string& name) const {
  for (const auto& item : items_) {
    if (item.name == name) {
      return &item;
    }
  }
  return nullptr;
}

const at::Tensor& NamedTensors::operator[](const std::string& name) const {
  const NamedTensor* item = find(name);
  if (item == nullptr) {
    fail(ErrorCode::kInternal, "no tensor is named {}", name);
  }
  return item->tensor;
}

bool NamedTensors::contains(const std::string& name) const {
  return find(name) != nullptr;
}

void Module::collect(
    Tensors which, const std::string& prefix, NamedTensors& into) const {
  for (const auto& item : this->*which) {
    into.add(prefix + item.name, item.tensor);
  }
  for (const auto& [name, part] : parts_) {
    part->collect(which, prefix + name + ".", into);
  }
}

NamedTensors Module::named_parameters() const {
  NamedTensors all;
  collect(&Module::own_parameters_, "", all);
  return all;
}

NamedTensors Module::named_buffers() const {
  NamedTensors all;
  collect(&Module::own_buffers_, "", all);
  return all;
}

std::vector<at::Tensor> Module::parameters() const {
  return tensors_of(named_parameters());
}

std::vector<at::Tensor> Module::buffers() const {
  return tensors_of(named_buffers());
}

void Module::to(at::Device device) {
  const at::NoGradGuard no_grad;
  for (const auto& tensors : {parameters(), buffers()}) {
    for (const auto& tensor : tensors) {
      tensor.set_data(tensor.to(device));
    }
  }
}

void Module::train(bool is_on) {
  is_training_ = is_on;
  for (const auto& [name, part] : parts_) {
    part->train(is_on);
  }
}

at::Tensor Module::register_parameter(
    const std::string& name, const at::Tensor& tensor, bool requires_grad) {
  tensor.set_requires_grad(requires_grad);
  own_parameters_.add(name, tensor);
  return tensor;
}

at::Tensor Module::register_buffer(
    const std::string& name, const at::Tensor& tensor) {
  own_buffers_.add(name, tensor);
  return tensor;
}

}  // namespace nadir::model
