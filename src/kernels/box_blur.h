// Vertical passes of the extended box filter with which Pillow blurs
// (Gwosdek et al., "Theoretical foundations of Gaussian convolution by
// extended box filtering", SSVM 2011), in 24-bit fixed point.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// A box of 2 * radius + 1 rows of weight `whole` and one row of weight `edge`
// at either end; (2 * radius + 1) * whole + 2 * edge <= 2^24. Radius 0 or 1,
// which covers Gaussians up to a standard deviation of 2.4 pixels.
struct BoxWeights {
  int32_t radius;
  uint32_t whole;
  uint32_t edge;
};

inline constexpr int kBoxPasses = 3;  // as in Pillow

// Filters the columns of a plane in place, kBoxPasses times, rows replicated
// at the border: (2^23 + weighted sum) >> 24, 8 bits after every pass.
void box_blur_columns(
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    int64_t width,
    const BoxWeights& weights);

namespace reference {
void box_blur_columns(
    uint8_t* pixels,
    int64_t stride,
    int64_t height,
    int64_t width,
    const BoxWeights& weights);
}  // namespace reference

}  // namespace nadir::kernels
