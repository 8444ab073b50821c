// A module with one parameter of each kind that optimisers tell apart.
#pragma once

#include <ATen/ATen.h>

#include "model/module.h"
#include "support/torch_tensors.h"

namespace nadir::optim {

struct TestModule : model::Module {
  TestModule() {
    const auto add = [&](const char* name, at::IntArrayRef shape, int seed) {
      return register_parameter(
          name, random_tensor(shape, static_cast<uint64_t>(seed)));
    };
    weight = add("weight", {3, 4}, 1);
    bias = add("bias", {3}, 2);
    cls_token = add("cls_token", {1, 1, 4}, 3);
    norm = add("norm_weight", {4}, 4);
    auto last = std::make_shared<model::Module>();
    prototypes = last->register_parameter("weight_v", random_tensor({5, 4}, 5));
    frozen = last->register_parameter(
        "weight_g", at::ones({5, 1}), /*requires_grad=*/false);
    register_module("last_layer", last);
  }

  // Gradients with reproducible values.
  void set_gradients(uint64_t seed, double scale = 1) {
    for (const at::Tensor& parameter :
         {weight, bias, cls_token, norm, prototypes}) {
      parameter.mutable_grad() =
          scale * random_tensor(parameter.sizes(), seed++);
    }
  }

  at::Tensor weight, bias, cls_token, norm, prototypes, frozen;
};

}  // namespace nadir::optim
