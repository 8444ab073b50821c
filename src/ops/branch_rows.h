// What both halves of a transformer block do with rows of tokens: gather and
// normalise them, add the branch's result to where they came from, and the
// same for gradients. Private to the room.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "ops/token_rows.h"
#include "ops/weight_gradient.h"

namespace nadir::ops {

// Sums of chunks for the gradients of a LayerNorm's weight and bias.
struct NormSums {
  NormSums(int64_t num_chunks, int64_t dim)
      : weight(num_chunks, dim), bias(num_chunks, dim) {}

  ChunkSums weight;
  ChunkSums bias;
};

// Rows of x that go through a LayerNorm into a branch.
struct RowsToNormalize {
  const at::Tensor& x_TD;
  const at::Tensor& weight;
  const at::Tensor& bias;
  float eps;
  const KeptRows& kept;

  // out [count, D] = norm(x) of the packed rows from `first` on.
  void normalize(int64_t first, int64_t count, float* out) const;

  // Adds what comes through the norm from `grad_out` [count, D] to the rows'
  // places in grad_x, and to the chunk's sums.
  void add_gradient(
      int64_t chunk,
      int64_t first,
      int64_t count,
      const float* grad_out,
      at::Tensor& grad_x_TD,
      NormSums& sums) const;
};

// y of the size of x, the rows that the branch leaves out copied, the others
// still to be written.
[[nodiscard]] at::Tensor with_gaps_of(
    const KeptRows& kept, const at::Tensor& x_TD);

// y = x + factor * branch for the packed rows from `first` on; x may be y.
void add_branch(
    const KeptRows& kept,
    int64_t first,
    int64_t count,
    const float* branch,
    const at::Tensor& x_TD,
    at::Tensor& y_TD);

// branch = factor * grad_y, packed.
void scale_branch(
    const KeptRows& kept,
    int64_t first,
    int64_t count,
    const at::Tensor& grad_y_TD,
    float* branch);

// Of a tensor of factors, float32 on the CPU, or an undefined one.
[[nodiscard]] const float* factors_or_null(const at::Tensor& factors_B);

}  // namespace nadir::ops
