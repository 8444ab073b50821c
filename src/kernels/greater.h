// Which values of a row are greater than their bounds: what a search for the
// nearest does most.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// Writes the places i in ascending order where values[i] > bounds[i], and
// returns their number. NaN is greater than nothing. `places` holds `count`.
[[nodiscard]] int64_t find_greater(
    const float* values, const float* bounds, int64_t count, int32_t* places);
[[nodiscard]] int64_t find_greater(
    const int32_t* values,
    const int32_t* bounds,
    int64_t count,
    int32_t* places);

namespace reference {
template <class Number>
[[nodiscard]] int64_t find_greater(
    const Number* values, const Number* bounds, int64_t count, int32_t* places);
}  // namespace reference

}  // namespace nadir::kernels
