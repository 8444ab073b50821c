// Photometric steps on 8-bit planes, byte for byte as Pillow does them.
// Planes hold n pixels without padding; all functions work in place.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// p = trunc(clip(base + factor * (p - base))) in float32. Brightness blends
// with base 0, contrast with the mean.
void blend_constant(uint8_t* p, int64_t n, float base, float factor);

// As blend_constant, each pixel with its own grey value: saturation.
void blend_gray(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, float factor);

// Turns the hue by `shift` of 256 steps, through Pillow's 8-bit HSV and back;
// a shift of 0 changes pixels too.
void shift_hue(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, uint8_t shift);

// Sets all three planes to the grey value
// (19595 r + 38470 g + 7471 b + 2^15) >> 16.
void to_gray(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n);

// The sum of the grey values, and the sum of one plane.
[[nodiscard]] uint64_t gray_sum(
    const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t n);
[[nodiscard]] uint64_t plane_sum(const uint8_t* p, int64_t n);

// p = p < 128 ? p : 255 - p.
void solarize(uint8_t* p, int64_t n);

namespace reference {
void blend_constant(uint8_t* p, int64_t n, float base, float factor);
void blend_gray(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, float factor);
void shift_hue(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n, uint8_t shift);
void to_gray(uint8_t* r, uint8_t* g, uint8_t* b, int64_t n);
[[nodiscard]] uint64_t gray_sum(
    const uint8_t* r, const uint8_t* g, const uint8_t* b, int64_t n);
[[nodiscard]] uint64_t plane_sum(const uint8_t* p, int64_t n);
void solarize(uint8_t* p, int64_t n);
}  // namespace reference

}  // namespace nadir::kernels
