// The gradient of a linear map's weight and bias, from rows of inputs and of
// gradients of outputs.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "ops/weight_format.h"

namespace nadir::ops {

// grads^T inputs, [out, in]; `grads` is [rows, out] and `inputs` [rows, in],
// float32 with contiguous rows. Zeros where there are no rows.
[[nodiscard]] at::Tensor weight_gradient(
    const at::Tensor& grads, const at::Tensor& inputs, WeightFormat format);

// Sums of columns that chunks of rows add up apart: the same for any number of
// threads.
class ChunkSums {
 public:
  ChunkSums(int64_t num_chunks, int64_t num_cols);

  // The sums of one chunk, to be added to; zeros at first.
  [[nodiscard]] float* of_chunk(int64_t chunk);

  // sums += the columns of `rows`, [num_rows, num_cols] without padding.
  static void add(
      const float* rows, int64_t num_rows, int64_t num_cols, float* sums);

  // [num_cols]
  [[nodiscard]] at::Tensor total() const;

 private:
  at::Tensor sums_;  // [chunks, columns]
};

}  // namespace nadir::ops
