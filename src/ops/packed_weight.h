// The weight of a linear map, [out, in] as LibTorch keeps it, in the panels
// that products read.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "kernels/gemm.h"
#include "ops/weight_format.h"

namespace nadir::ops {

class PackedWeight {
 public:
  // For rows of inputs, [rows, in] to [rows, out].
  static PackedWeight forward(const at::Tensor& weight, WeightFormat format);
  // For gradients of outputs, [rows, out] to [rows, in].
  static PackedWeight backward(const at::Tensor& weight, WeightFormat format);

  // The product's columns first .. first + count - 1 alone. `first` is a
  // multiple of the format's panel_cols(), and so is the count unless it ends
  // with the last column. Shares the memory.
  [[nodiscard]] PackedWeight columns(int64_t first, int64_t count) const;

  // c [num_rows, columns of the result], rows `c_stride` apart, from `a`.
  // `scratch` holds scratch_size() floats. From any thread.
  void multiply(
      const kernels::MatrixView& a,
      int64_t num_rows,
      kernels::GemmInit init,
      const float* bias,
      float* c,
      int64_t c_stride,
      float* scratch) const;

  // All rows of a contiguous matrix, shared out to LibTorch's threads; `out` is
  // replaced.
  void multiply_all(const at::Tensor& rows, at::Tensor& out) const;

  [[nodiscard]] int64_t scratch_size() const;

 private:
  PackedWeight(const kernels::Products& products, int64_t k, int64_t n)
      : products_(&products), k_(k), n_(n) {}

  static PackedWeight pack(
      const kernels::MatrixView& matrix,
      int64_t k,
      int64_t n,
      WeightFormat format);

  const kernels::Products* products_;
  int64_t k_;
  int64_t n_;
  at::Tensor packed_;
};

}  // namespace nadir::ops
