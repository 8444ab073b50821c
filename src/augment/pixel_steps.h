// The steps of a view after the crop, on planes of side x side pixels without
// padding: first what changes values, then the turn, the flips and the
// normalisation. uint8: as Pillow; float32: the same formulas per band in
// units of u, never rounded or clipped.
#pragma once

#include <cstdint>

#include "augment/scratch.h"
#include "augment/view_draw.h"

namespace nadir::augment {

// Changes `num_bands` planes in place by the draw. Colour planes (three, red
// first) take every step. Other bands take brightness, contrast (about the
// band's own mean), blur and solarisation, the jitter's order kept.
void change_pixels(
    const ViewDraw& draw,
    int64_t num_bands,
    bool is_color,
    int64_t side,
    Scratch& scratch,
    uint8_t* planes);

// Float bands are never colour: hue has no meaning beyond [0, 1]. Solarising
// turns values from 0.5 on: 1 - u.
void change_pixels(
    const ViewDraw& draw,
    int64_t num_bands,
    int64_t side,
    Scratch& scratch,
    float* planes);

// Turns and flips one plane by the draw and writes scale * value + offset.
// `plane` may be overwritten.
void write_plane(
    const ViewDraw& draw,
    int64_t side,
    float scale,
    float offset,
    Scratch& scratch,
    uint8_t* plane,
    float* out);
void write_plane(
    const ViewDraw& draw,
    int64_t side,
    float scale,
    float offset,
    Scratch& scratch,
    float* plane,
    float* out);

// The turn and the flips as one transposition (or none) and two flips.
struct Orientation {
  bool transpose;
  bool flip_rows;
  bool flip_cols;
};

[[nodiscard]] constexpr Orientation orientation_of(const ViewDraw& draw) {
  const int turns = draw.quarter_turns;
  return {
      turns % 2 == 1,
      (turns == 1 || turns == 2) != draw.flip_rows,
      (turns == 2 || turns == 3) != draw.flip_cols};
}

}  // namespace nadir::augment
