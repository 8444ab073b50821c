// Words on pictures: a dot-matrix face of 5 x 7 points, for the headings of
// contact sheets.
#pragma once

#include <cstdint>
#include <string>

#include "raster/image.h"

namespace nadir::eval {

// Width and height in pixels of `text` at `scale` pixels a point; the height
// is that of a line, descenders and all.
[[nodiscard]] int64_t text_width(const std::string& text, int64_t scale);
[[nodiscard]] int64_t text_height(int64_t scale);

// `text`, or as much of its end behind ".." as fits into `width` pixels: the
// ends of file and patch names tell them apart.
[[nodiscard]] std::string fitted_text(
    const std::string& text, int64_t scale, int64_t width);

// Dark grey letters on an RGB uint8 picture; what lies outside is cut off.
// Letters that the face lacks become a small square.
void draw_text(
    const std::string& text,
    int64_t top,
    int64_t left,
    int64_t scale,
    raster::Image& picture);

}  // namespace nadir::eval
