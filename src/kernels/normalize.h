// The last step of an 8-bit view: to float32, mirrored where the view is.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// dst[r][c] = scale * src[r'][c'] + offset (two roundings) for a plane of
// `height` x `width` without padding; r' counts from the bottom if
// `flip_rows`, c' from the right if `flip_cols`.
void normalize(
    const uint8_t* src,
    int64_t height,
    int64_t width,
    bool flip_rows,
    bool flip_cols,
    float scale,
    float offset,
    float* dst);

namespace reference {
void normalize(
    const uint8_t* src,
    int64_t height,
    int64_t width,
    bool flip_rows,
    bool flip_cols,
    float scale,
    float offset,
    float* dst);
}  // namespace reference

}  // namespace nadir::kernels
