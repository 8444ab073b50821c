// Principal components of vectors: the directions along which they differ most.
#pragma once

#include <cstdint>
#include <vector>

#include "search/vectors.h"

namespace nadir::atlas {

inline constexpr int64_t kMaxWidth = 2048;

// Directions are rows of `width` numbers, of length 1 and orthogonal; the
// number of largest magnitude in each, of equals the first, is positive.
struct Components {
  int64_t count = 0;
  int64_t width = 0;
  std::vector<double> mean;        // of the vectors
  std::vector<double> directions;  // [count, width]
  std::vector<double> variances;   // along them, largest first; divided by n
  double total_variance = 0;       // along all directions
};

// The first `count` components, from the covariance of all columns; fewer where
// there are fewer columns. Products of up to 256 rows are summed in float32,
// all else in float64; the same whatever `num_threads` is. Throws
// Error{kInvalidArgument} for fewer than two vectors, more than kMaxWidth
// columns, or vectors that are all the same; Error{kCorruptData} where one is
// not finite.
[[nodiscard]] Components principal_components(
    const search::Vectors& vectors, int64_t count, int num_threads);

// The vectors' places along the components, [size, count], the mean at 0.
[[nodiscard]] std::vector<float> project(
    const search::Vectors& vectors,
    const Components& components,
    int num_threads);

}  // namespace nadir::atlas
