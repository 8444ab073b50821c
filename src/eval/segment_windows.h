// Images cut into square windows for the network, and masks with them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/segment_data.h"
#include "raster/image.h"

namespace nadir::eval {

// The upper left pixel of a window of one image.
struct WindowPlace {
  int64_t row = 0;
  int64_t col = 0;
};

// Windows of side_px that cover an image, row by row, side by side; the last of
// a row or column ends with the image, and overlaps the one before it where
// sides do not divide. The image must be at least as large.
[[nodiscard]] std::vector<WindowPlace> window_places(
    int64_t height, int64_t width, int64_t side_px);

// The square of side_px at `place`, which must lie inside.
[[nodiscard]] raster::Image cut_window(
    const raster::Image& image, const WindowPlace& place, int64_t side_px);

// The same of a mask, as class indices row by row.
[[nodiscard]] std::vector<uint8_t> cut_window(
    const Mask& mask, const WindowPlace& place, int64_t side_px);

}  // namespace nadir::eval
