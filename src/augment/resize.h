// Antialiased bicubic resizing of one plane, as Pillow's Image.resize.
#pragma once

#include <cstdint>

#include "augment/scratch.h"
#include "augment/view_draw.h"

namespace nadir::augment {

// A part of a resized axis: `in_size` pixels become `out_size`, of which
// `count` from `begin` are wanted.
struct AxisPart {
  int64_t in_size;
  int64_t out_size;
  int64_t begin;
  int64_t count;
};

// Sets the taps of both axes; they serve every band of a tile.
void set_taps(Scratch& scratch, const AxisPart& rows, const AxisPart& cols);

// Cuts `box` out of a plane whose rows are `stride` pixels apart and resizes
// the cut by the taps of `scratch` into `dst`, rows x columns of the taps.
// The filter never sees pixels outside the box. 8 bits after each pass.
void resize_plane(
    const uint8_t* plane,
    int64_t stride,
    const CropBox& box,
    Scratch& scratch,
    uint8_t* dst);

// The same in float32, without rounding or clipping. What is no number
// becomes 0, and values are held within +-kMaxUnit on the way in.
void resize_plane(
    const float* plane,
    int64_t stride,
    const CropBox& box,
    Scratch& scratch,
    float* dst);

// Float tiles hold u, about 0 .. 1 or a few standard deviations; larger than
// this is damage, and would overflow in the steps that follow.
inline constexpr float kMaxUnit = 1e4F;

}  // namespace nadir::augment
