// One axis of Pillow's 8-bit resampling: weighted sums of rows in fixed point.
#pragma once

#include <cstdint>

namespace nadir::kernels {

inline constexpr int kResampleBits = 22;  // fractional bits of the weights

// Where each output row comes from. Output row y is the sum over
// t < num_taps[y] of weights[y * max_taps + t] times row first[y] + t.
struct RowTaps {
  const int32_t* first;
  const int32_t* num_taps;
  const int32_t* weights;
  int64_t max_taps;
  int64_t num_rows;
};

// dst row y, columns 0 .. width-1:
// clip((2^21 + sum of weight * src) >> 22) to [0, 255].
// Strides in bytes; src and dst must not overlap.
void resample_rows(
    const uint8_t* src,
    int64_t src_stride,
    const RowTaps& taps,
    int64_t width,
    uint8_t* dst,
    int64_t dst_stride);

namespace reference {
void resample_rows(
    const uint8_t* src,
    int64_t src_stride,
    const RowTaps& taps,
    int64_t width,
    uint8_t* dst,
    int64_t dst_stride);
}  // namespace reference

}  // namespace nadir::kernels
