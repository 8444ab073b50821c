// Vectors as numbers of 16 bits, and how wrong that makes their inner products.
// Private to the room.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "search/vectors.h"

namespace nadir::search {

// round(scale * (vector - centre)), one scale for all. Lengths are Euclidean
// norms.
struct FixedPointVectors {
  std::vector<int16_t> values;  // [size, row_size]
  int64_t row_size = 0;         // kernels::int16_row_size(width)
  double scale = 1;
  double longest = 0;        // vector - centre, of all: its greatest length,
  double largest_error = 0;  // and that of what the rounding took off

  [[nodiscard]] const int16_t* row(int64_t row) const {
    return values.data() + row * row_size;
  }

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(values.size()) / row_size;
  }
};

// The scale is such that products of two such sets fit into int32. `centre` is
// as wide as the vectors.
[[nodiscard]] FixedPointVectors to_fixed_point(
    const Vectors& vectors, std::span<const float> centre, int num_threads);

// By how much a product of a vector of either may be off, at most: in units of
// 1 / (a.scale * b.scale), and where products of the vectors themselves are
// rounded as kernels::dot() may round those of vectors of length 1.
[[nodiscard]] double product_error(
    const FixedPointVectors& a, const FixedPointVectors& b, int64_t width);

}  // namespace nadir::search
