// The inner product of two vectors: what a search among embeddings does.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// Sum of a[i] b[i]. Summed in lanes: levels differ by rounding.
[[nodiscard]] float dot(const float* a, const float* b, int64_t count);

namespace reference {
// Summed in float64.
[[nodiscard]] float dot(const float* a, const float* b, int64_t count);
}  // namespace reference

}  // namespace nadir::kernels
