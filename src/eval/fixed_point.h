// Rows of features as numbers of 16 bits, and how wrong that makes their inner
// products. Private to the room.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace nadir::eval {

// round(scale * (row - centre)) of rows [N, D], one scale for all. Lengths are
// Euclidean norms.
struct FixedPointRows {
  at::Tensor values_ND;  // int16, rows kernels::int16_row_size(D) long
  double scale = 1;
  double longest = 0;        // row - centre, of all rows: its greatest length,
  double largest_error = 0;  // and that of what the rounding took off

  [[nodiscard]] const int16_t* row(int64_t index) const {
    return values_ND.const_data_ptr<int16_t>() + index * values_ND.size(1);
  }
};

// `rows_ND` and `centre_D` are float32 on the CPU. The scale is the largest
// with which products of two such rows fit into int32, whatever their sign.
[[nodiscard]] FixedPointRows to_fixed_point(
    const at::Tensor& rows_ND, const at::Tensor& centre_D);

// By how much a product of a row of either may be off, at most: in units of
// 1 / (a.scale * b.scale), and where products of the rows themselves are
// rounded as kernels::dot() may round those of rows of length 1.
[[nodiscard]] double product_error(
    const FixedPointRows& a, const FixedPointRows& b, int64_t dim);

}  // namespace nadir::eval
