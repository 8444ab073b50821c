// The residual stream of a transformer on a GPU in bfloat16, to which a branch
// is added in the same pass that computes the norm behind it. Shapes: T tokens,
// D channels.
#pragma once

#include <ATen/core/Tensor.h>

#include "gpu/add_norm.h"
#include "model/layers.h"

namespace nadir::model {

// Whether `tokens` go through blocks by kernels for a GPU: float32 on one that
// has them, under autocast to bfloat16.
[[nodiscard]] bool can_stream(const at::Tensor& tokens);

// Not thread-safe.
class ResidualStream {
 public:
  // Tokens that can_stream(), contiguous.
  explicit ResidualStream(at::Tensor x_TD) : x_TD_(std::move(x_TD)) {}

  // What `norm` gives for the stream, in bfloat16.
  [[nodiscard]] at::Tensor normed(const LayerNorm& norm);

  // Adds a branch, when the stream is looked at next.
  void add(gpu::Branch branch) { branch_ = std::move(branch); }

  // The stream, float32.
  [[nodiscard]] const at::Tensor& value();

 private:
  at::Tensor x_TD_;
  gpu::Branch branch_;  // without rows where nothing is left to add
};

}  // namespace nadir::model
