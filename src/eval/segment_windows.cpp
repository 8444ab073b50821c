#include "eval/segment_windows.h"

#include <algorithm>
#include <cstring>

#include "core/ceil_div.h"
#include "core/error.h"

namespace nadir::eval {

std::vector<WindowPlace> window_places(
    int64_t height, int64_t width, int64_t side_px) {
  NADIR_ASSERT(side_px > 0 && height >= side_px && width >= side_px);
  std::vector<WindowPlace> places;
  const int64_t num_rows = ceil_div(height, side_px);
  const int64_t num_cols = ceil_div(width, side_px);
  for (int64_t r = 0; r < num_rows; ++r) {
    for (int64_t c = 0; c < num_cols; ++c) {
      places.push_back(
          {std::min(r * side_px, height - side_px),
           std::min(c * side_px, width - side_px)});
    }
  }
  return places;
}

raster::Image cut_window(
    const raster::Image& image, const WindowPlace& place, int64_t side_px) {
  NADIR_ASSERT(
      place.row >= 0 && place.row + side_px <= image.height() &&
      place.col >= 0 && place.col + side_px <= image.width());
  raster::Image window(image.num_bands(), side_px, side_px, image.type());
  const int64_t pixel_bytes = raster::bytes_per_pixel(image.type());
  for (int64_t band = 0; band < image.num_bands(); ++band) {
    for (int64_t row = 0; row < side_px; ++row) {
      const int64_t src =
          (band * image.height() + place.row + row) * image.width() + place.col;
      std::memcpy(
          window.bytes().data() +
              (band * side_px + row) * side_px * pixel_bytes,
          image.bytes().data() + src * pixel_bytes,
          static_cast<size_t>(side_px * pixel_bytes));
    }
  }
  return window;
}

std::vector<uint8_t> cut_window(
    const Mask& mask, const WindowPlace& place, int64_t side_px) {
  NADIR_ASSERT(
      place.row >= 0 && place.row + side_px <= mask.height && place.col >= 0 &&
      place.col + side_px <= mask.width);
  std::vector<uint8_t> window;
  window.reserve(static_cast<size_t>(side_px * side_px));
  for (int64_t row = 0; row < side_px; ++row) {
    const auto begin =
        mask.classes.begin() + (place.row + row) * mask.width + place.col;
    window.insert(window.end(), begin, begin + side_px);
  }
  return window;
}

}  // namespace nadir::eval
