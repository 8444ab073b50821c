#include "eval/random_view.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "augment/view_maker.h"

namespace nadir::eval {

namespace {

constexpr double kLowestArea = 0.08;
constexpr int kMaxDraws = 10;

struct Box {
  int64_t top;
  int64_t left;
  int64_t height;
  int64_t width;
};

// Rule: docs/dino.md, "Crop box".
Box draw_box(int64_t height, int64_t width, RandomStream& random) {
  const double area = static_cast<double>(height * width);
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    const double part = area * random.uniform(kLowestArea, 1.0);
    const double bound = std::log(4.0 / 3.0);
    const double ratio = std::exp(random.uniform(-bound, bound));
    const auto w =
        static_cast<int64_t>(std::nearbyint(std::sqrt(part * ratio)));
    const auto h =
        static_cast<int64_t>(std::nearbyint(std::sqrt(part / ratio)));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      const auto top =
          random.uniform_int(static_cast<uint64_t>(height - h + 1));
      const auto left =
          random.uniform_int(static_cast<uint64_t>(width - w + 1));
      return {static_cast<int64_t>(top), static_cast<int64_t>(left), h, w};
    }
  }
  const int64_t h = std::min(height, width * 4 / 3);
  const int64_t w = std::min(width, height * 4 / 3);
  return {(height - h) / 2, (width - w) / 2, h, w};
}

raster::Image cut(const raster::Image& tile, const Box& box) {
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
  const Box box = draw_box(tile.height(), tile.width(), random);
  augment::make_test_view(cut(tile, box), 0, crop_px, mean, std, out);
  if (random.uniform() < 0.5) {
    for (int64_t row = 0; row < tile.num_bands() * crop_px; ++row) {
      const auto line = out.subspan(row * crop_px, crop_px);
      std::reverse(line.begin(), line.end());
    }
  }
}

}  // namespace nadir::eval
