// The gradient of a linear map's weight and bias, from rows of inputs and of
// gradients of outputs that come in chunks.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "ops/weight_format.h"

namespace nadir::ops {

// Sums of columns that chunks of rows add up apart: the same for any number of
// threads.
class ChunkSums {
 public:
  ChunkSums(int64_t num_chunks, int64_t num_cols);

  // The sums of one chunk, to be added to; zeros at first.
  [[nodiscard]] float* of_chunk(int64_t chunk);

  // [num_cols]
  [[nodiscard]] at::Tensor total() const;

 private:
  at::Tensor sums_;  // [chunks, columns]
};

// Rows are packed for the weight's product as they come, so that nobody keeps
// them otherwise.
class WeightGradient {
 public:
  WeightGradient(
      int64_t num_rows, int64_t num_out, int64_t num_in, WeightFormat format);

  // Rows first .. first + count - 1, those of one chunk (ops/chunks.h): `grads`
  // [count, out], rows `stride` apart, and `inputs` [count, in] without
  // padding. Each chunk once, from any thread.
  void add(
      int64_t first,
      int64_t count,
      const float* grads,
      int64_t stride,
      const float* inputs);

  // grads^T inputs, [out, in], of all rows; zeros where there are none. By
  // LibTorch's threads.
  [[nodiscard]] at::Tensor weight() const;

  // The columns of `grads` summed, [out].
  [[nodiscard]] at::Tensor bias() const { return bias_.total(); }

 private:
  [[nodiscard]] int64_t terms_of_block(int64_t block) const;
  [[nodiscard]] float* left_of_block(int64_t block) const;
  [[nodiscard]] float* right_of_block(int64_t block) const;

  const kernels::Products& products_;
  int64_t num_rows_;
  int64_t num_out_;
  int64_t num_in_;
  at::Tensor left_;   // packed gradients, block after block
  at::Tensor right_;  // packed inputs
  ChunkSums bias_;
};

}  // namespace nadir::ops
