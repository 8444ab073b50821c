// The weight of a linear map y = x W^T + b, packed as products read it, in
// float32, in bfloat16 or, for inference, in 8-bit numbers.
#pragma once

#include <cstdint>
#include <variant>

#include <ATen/core/Tensor.h>

#include "ops/packed_weight.h"
#include "ops/quantized_weight.h"
#include "ops/weight_format.h"

namespace nadir::ops {

// Cheap to copy: copies share what is packed, which never changes.
class LinearWeight {
 public:
  // `weight` is [out, in], float32 on the CPU, contiguous. `centre` [in] is
  // about what all inputs have in common, for 8-bit numbers; undefined for 0.
  static LinearWeight pack(
      const at::Tensor& weight,
      WeightFormat format,
      const at::Tensor& centre = {});

  // A copy of `packed`, or where that is null `weight` packed in `format`.
  static LinearWeight packed_or(
      const LinearWeight* packed,
      const at::Tensor& weight,
      WeightFormat format);

  // The map to outputs first .. first + count - 1 alone; `first` is a multiple
  // of 32, and so is the count unless it ends with the last one.
  [[nodiscard]] LinearWeight outputs(int64_t first, int64_t count) const;

  // out [num_rows, outputs], rows `stride` apart, from contiguous rows of
  // inputs. `scratch` holds scratch_size() floats. From any thread; at most
  // kChunkRows rows.
  void apply(
      const float* rows,
      int64_t num_rows,
      const float* bias,
      float* out,
      int64_t stride,
      float* scratch) const;

  [[nodiscard]] int64_t scratch_size() const;

 private:
  using Packed = std::variant<PackedWeight, QuantizedWeight>;

  LinearWeight(int64_t num_inputs, Packed packed)
      : num_inputs_(num_inputs), packed_(std::move(packed)) {}

  int64_t num_inputs_;
  Packed packed_;
};

}  // namespace nadir::ops
