// The weight of a linear map in 8-bit numbers with a scale an output; rows of
// inputs are quantised as they come, less a centre that all have about in
// common, each with its own scale. For inference.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "kernels/int8_gemm.h"

namespace nadir::ops {

class QuantizedWeight {
 public:
  // `weight` is [out, in], float32 on the CPU, contiguous; `centre` [in]
  // likewise, or undefined for 0: what it gives is added in float32. Throws
  // Error{kInvalidArgument} for more inputs than sums can hold.
  explicit QuantizedWeight(
      const at::Tensor& weight, const at::Tensor& centre = {});

  // The map to some outputs alone; `first` is a multiple of a panel's columns.
  // Shares the memory.
  [[nodiscard]] QuantizedWeight columns(int64_t first, int64_t count) const;

  // out [num_rows, outputs], rows `stride` apart, = rows W^T + bias.
  // `scratch` holds scratch_size() floats. From any thread; at most kChunkRows
  // rows.
  void apply(
      const float* rows,
      int64_t num_rows,
      const float* bias,
      float* out,
      int64_t stride,
      float* scratch) const;

  [[nodiscard]] int64_t scratch_size() const;

 private:
  QuantizedWeight() = default;

  // Floats that quantised rows take.
  [[nodiscard]] int64_t rows_size() const;

  [[nodiscard]] kernels::Int8Matrix matrix() const;

  int64_t num_inputs_ = 0;
  at::Tensor values_;    // int8, in panels
  at::Tensor scales_N_;  // float32
  at::Tensor sums_N_;    // int32
  at::Tensor centre_;    // float32, of the inputs; undefined for 0
  at::Tensor shift_N_;   // float32: what the weight gives for the centre
};

}  // namespace nadir::ops
