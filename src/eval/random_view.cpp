#include "eval/random_view.h"

#include <algorithm>
#include <cstring>

#include "augment/view_draw.h"
#include "augment/view_maker.h"

namespace nadir::eval {

namespace {

constexpr double kLowestArea = 0.08;

raster::Image cut(const raster::Image& tile, const augment::CropBox& box) {
  raster::Image part(tile.num_bands(), box.height, box.width, tile.type());
  const int64_t pixel_bytes = raster::bytes_per_pixel(tile.type());
  const std::byte* src = tile.bytes().data();
  std::byte* dst = part.bytes().data();
  for (int64_t band = 0; band < tile.num_bands(); ++band) {
    for (int64_t row = 0; row < box.height; ++row) {
      const int64_t at =
          (band * tile.height() + box.top + row) * tile.width() + box.left;
      std::memcpy(dst, src + at * pixel_bytes, box.width * pixel_bytes);
      dst += box.width * pixel_bytes;
    }
  }
  return part;
}

}  // namespace

void make_random_view(
    const raster::Image& tile,
    int64_t crop_px,
    std::span<const double> mean,
    std::span<const double> std,
    RandomStream& random,
    std::span<float> out) {
  const auto box = augment::draw_crop_box(
      tile.height(), tile.width(), kLowestArea, 1.0, random);
  augment::make_test_view(cut(tile, box), 0, crop_px, mean, std, out);
  if (random.uniform() < 0.5) {
    for (int64_t row = 0; row < tile.num_bands() * crop_px; ++row) {
      const auto line = out.subspan(row * crop_px, crop_px);
      std::reverse(line.begin(), line.end());
    }
  }
}

}  // namespace nadir::eval
