// The smallest backbone of the family, with random weights: a fixture.
#pragma once

#include <ATen/ATen.h>

#include "checkpoint/key_map.h"

namespace nadir::checkpoint {

inline model::VitConfig nano_config() {
  model::VitConfig config;
  config.arch = "vit_nano";
  config.patch_size = 8;
  config.image_size = 32;
  return config;
}

inline TensorMap nano_backbone(uint64_t seed = 1) {
  at::manual_seed(seed);
  TensorMap tensors;
  for (const auto& [name, shape] : backbone_shapes(nano_config())) {
    tensors[name] = at::randn(shape) * 0.02;
  }
  return tensors;
}

inline TensorMap with_prefix(
    const TensorMap& tensors, const std::string& prefix) {
  TensorMap named;
  for (const auto& [name, tensor] : tensors) {
    named[prefix + name] = tensor;
  }
  return named;
}

}  // namespace nadir::checkpoint
