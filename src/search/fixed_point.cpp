#include "search/fixed_point.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "core/parallel.h"
#include "kernels/dot.h"
#include "kernels/int16_gemm.h"

namespace nadir::search {
namespace {

constexpr int64_t kShare = 1024;
// A vector of that length has numbers that fit into int16, and two of them have
// products below 2^31, with what rounding adds to their lengths.
constexpr double kLongest = 32766;
// Rounding of float32 on the way to the numbers: far less than a hundredth.
constexpr double kSlack = 1.02;

// The root of the greatest square(row) of all rows.
template <class Square>
double largest_root(int64_t size, int num_threads, Square&& square) {
  std::mutex mutex;
  float largest = 0;
  parallel_for(size, kShare, num_threads, [&](int64_t begin, int64_t end) {
    float part = 0;
    for (int64_t row = begin; row < end; ++row) {
      part = std::max(part, square(row));
    }
    const std::lock_guard lock(mutex);
    largest = std::max(largest, part);
  });
  return std::sqrt(static_cast<double>(largest));
}

}  // namespace

FixedPointVectors to_fixed_point(
    const Vectors& vectors, std::span<const float> centre, int num_threads) {
  FixedPointVectors fixed;
  fixed.row_size = kernels::int16_row_size(vectors.width);
  fixed.values.resize(static_cast<size_t>(vectors.size * fixed.row_size));
  fixed.longest = largest_root(vectors.size, num_threads, [&](int64_t row) {
    return kernels::squared_distance(
        vectors.row(row).data(), centre.data(), vectors.width);
  });
  if (fixed.longest > 0) {
    fixed.scale = kLongest / fixed.longest;
  }
  const auto scale = static_cast<float>(fixed.scale);
  const double error =
      largest_root(vectors.size, num_threads, [&](int64_t row) {
        return kernels::int16_quantize(
            vectors.row(row).data(),
            centre.data(),
            scale,
            vectors.width,
            fixed.values.data() + row * fixed.row_size);
      });
  fixed.largest_error = error / fixed.scale;
  return fixed;
}

double product_error(
    const FixedPointVectors& a, const FixedPointVectors& b, int64_t width) {
  // a b - a' b' = a (b - b') + (a - a') b', and Cauchy and Schwarz's bound.
  const double error = a.longest * b.largest_error +
                       a.largest_error * (b.longest + b.largest_error);
  return (kSlack * error + kernels::dot_error(width)) * a.scale * b.scale;
}

}  // namespace nadir::search
