// The inner product of two vectors, and their distance: what a search among
// embeddings does.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// Sum of a[i] b[i]. Summed in lanes: levels differ by rounding, none is off by
// more than dot_error(count) times the sum of |a[i] b[i]|.
[[nodiscard]] float dot(const float* a, const float* b, int64_t count);

// Sum of (a[i] - b[i])^2, in lanes too.
[[nodiscard]] float squared_distance(
    const float* a, const float* b, int64_t count);

// Four sums at least take turns; their rest and their own sum are a few
// roundings more.
[[nodiscard]] constexpr double dot_error(int64_t count) {
  constexpr double kRounding = 0x1p-24;
  return (static_cast<double>(count) / 4 + 32) * kRounding;
}

namespace reference {
// Summed in float64.
[[nodiscard]] float dot(const float* a, const float* b, int64_t count);
[[nodiscard]] float squared_distance(
    const float* a, const float* b, int64_t count);
}  // namespace reference

}  // namespace nadir::kernels
