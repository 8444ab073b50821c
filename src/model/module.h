// What networks are made of: tensors and parts by name. The part of
// Module that nadir uses, with its names and order; that class's
// header would cost two seconds in every source that sees a network.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace nadir::model {

struct NamedTensor {
  std::string name;  // "blocks.0.attn.qkv.weight"
  at::Tensor tensor;
};

// Tensors in their order of registration.
class NamedTensors {
 public:
  void add(std::string name, at::Tensor tensor) {
    items_.push_back({std::move(name), std::move(tensor)});
  }

  // The tensor of that name; throws Error{kInternal} if there is none.
  [[nodiscard]] const at::Tensor& operator[](const std::string& name) const;
  [[nodiscard]] bool contains(const std::string& name) const;

  [[nodiscard]] size_t size() const noexcept { return items_.size(); }

  [[nodiscard]] auto begin() const noexcept { return items_.begin(); }

  [[nodiscard]] auto end() const noexcept { return items_.end(); }

 private:
  [[nodiscard]] const NamedTensor* find(const std::string& name) const;

  std::vector<NamedTensor> items_;
};

// Parameters take gradients and are trained; buffers are state beside them. A
// module's own tensors come before those of its parts. Tensors are shared, not
// copied: what is returned is what the module computes with.
class Module {
 public:
  Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;
  virtual ~Module() = default;

  [[nodiscard]] NamedTensors named_parameters() const;
  [[nodiscard]] NamedTensors named_buffers() const;
  [[nodiscard]] std::vector<at::Tensor> parameters() const;
  [[nodiscard]] std::vector<at::Tensor> buffers() const;

  // Moves all tensors there, in place.
  void to(at::Device device);

  // Training or evaluation mode of this module and its parts; training is
  // where a new module starts.
  void train(bool is_on = true);

  void eval() { train(false); }

  [[nodiscard]] bool is_training() const noexcept { return is_training_; }

  // Each returns what it was given. `name` has no dots and is new here.
  at::Tensor register_parameter(
      const std::string& name,
      const at::Tensor& tensor,
      bool requires_grad = true);
  at::Tensor register_buffer(const std::string& name, const at::Tensor& tensor);

  template <class Part>
  std::shared_ptr<Part> register_module(
      const std::string& name, std::shared_ptr<Part> part) {
    parts_.emplace_back(name, part);
    return part;
  }

 private:
  using Tensors = NamedTensors Module::*;

  void collect(
      Tensors which, const std::string& prefix, NamedTensors& into) const;

  NamedTensors own_parameters_;
  NamedTensors own_buffers_;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> parts_;
  bool is_training_ = true;
};

}  // namespace nadir::model
