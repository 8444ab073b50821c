// Points in the plane as a picture with a legend.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "eval/image_groups.h"
#include "raster/image.h"

namespace nadir::eval {

// Groups with a colour of their own; the rest share grey.
inline constexpr size_t kPlotColours = 7;

// An RGB uint8 picture: `title`, the points `places` [size, 2] (x, y; y
// upwards, both on one scale) on white in a square of `side_px`, and beside it
// the groups with their colours and sizes. Colours are told apart with any
// kind of colour vision (the "bright" scheme of P. Tol, 2021). Grey ones lie
// below the others, and these in an order that prefers no group. Without
// groups (`groups.group_of` empty) all have one colour, and no legend. Smaller
// points where there are many. Throws Error{kInvalidArgument} where numbers of
// places and groups disagree.
[[nodiscard]] raster::Image scatter_plot(
    const std::string& title,
    std::span<const float> places,
    const ImageGroups& groups,
    int64_t side_px);

}  // namespace nadir::eval
