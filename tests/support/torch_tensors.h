// Tensors for tests: reproducible values, and comparisons.
#pragma once

#include <algorithm>

#include <ATen/ATen.h>

#include "core/random.h"

namespace nadir {

// float32 normal(0, 1) values, the same for the same seed.
inline at::Tensor random_tensor(at::IntArrayRef shape, uint64_t seed) {
  RandomStream random(seed, StreamPurpose::kTest);
  auto tensor = at::empty(shape, at::kFloat);
  float* const data = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    data[i] = static_cast<float>(random.normal());
  }
  return tensor;
}

// The largest |a - b|; NaN if either holds one.
inline double max_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace nadir
