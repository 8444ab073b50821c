// Transposition of 8-bit planes, so that horizontal filters can run as
// vertical ones, which vectorise over columns.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// dst[c * dst_stride + r] = src[r * src_stride + c] for r < rows, c < cols.
// Strides in bytes; src and dst must not overlap.
void transpose(
    const uint8_t* src,
    int64_t src_stride,
    int64_t rows,
    int64_t cols,
    uint8_t* dst,
    int64_t dst_stride);

namespace reference {
void transpose(
    const uint8_t* src,
    int64_t src_stride,
    int64_t rows,
    int64_t cols,
    uint8_t* dst,
    int64_t dst_stride);
}  // namespace reference

}  // namespace nadir::kernels
