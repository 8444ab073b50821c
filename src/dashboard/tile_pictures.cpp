#include "dashboard/tile_pictures.h"

#include <algorithm>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/ceil_div.h"
#include "raster/image_file.h"

namespace nadir::dashboard {
namespace {

constexpr int64_t kThumbnailPx = 160;

// Every n-th pixel of a uint8 picture, so that no side is longer than the
// limit.
raster::Image thinned(const raster::Image& picture, int64_t max_side) {
  const int64_t side = std::max(picture.height(), picture.width());
  const int64_t stride = ceil_div(side, max_side);
  if (stride <= 1) {
    return picture;
  }
  raster::Image small(
      picture.num_bands(),
      ceil_div(picture.height(), stride),
      ceil_div(picture.width(), stride),
      raster::PixelType::kUint8);
  for (int64_t band = 0; band < picture.num_bands(); ++band) {
    const auto from = picture.band<uint8_t>(band);
    auto to = small.band<uint8_t>(band);
    for (int64_t row = 0; row < small.height(); ++row) {
      for (int64_t col = 0; col < small.width(); ++col) {
        to[row * small.width() + col] =
            from[row * stride * picture.width() + col * stride];
      }
    }
  }
  return small;
}

}  // namespace

std::string composite_png(
    const data::Dataset& dataset,
    int64_t id,
    const eval::Composite& composite) {
  return raster::encode_png(
      eval::composite_picture(dataset.read(id), composite));
}

std::string thumbnail_png(const data::Dataset& dataset, int64_t id) {
  return raster::encode_png(thinned(
      eval::visible_picture(dataset.read(id), dataset.bands()), kThumbnailPx));
}

std::string band_png(const data::Dataset& dataset, int64_t id, int64_t band) {
  const auto tile = dataset.read(id);
  const auto values = eval::band_values(tile, band);
  const auto range = eval::spread(values);
  raster::Image picture(
      1, tile.height(), tile.width(), raster::PixelType::kUint8);
  auto pixels = picture.band<uint8_t>(0);
  for (size_t i = 0; i < values.size(); ++i) {
    pixels[i] = eval::to_byte((values[i] - range[0]) / (range[1] - range[0]));
  }
  return raster::encode_png(picture);
}

nlohmann::ordered_json bands_json(const data::Dataset& dataset, int64_t id) {
  const auto tile = dataset.read(id);
  auto json = nlohmann::ordered_json::array();
  for (int64_t band = 0; band < tile.num_bands(); ++band) {
    const auto values = eval::band_values(tile, band);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    json.push_back(
        {{"name", dataset.bands()[static_cast<size_t>(band)]},
         {"height", tile.height()},
         {"width", tile.width()},
         {"min", *low},
         {"mean", sum / static_cast<double>(values.size())},
         {"max", *high}});
  }
  return json;
}

}  // namespace nadir::dashboard
