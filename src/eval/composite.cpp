#include "eval/composite.h"

#include <algorithm>
#include <cmath>

namespace nadir::eval {
namespace {

constexpr double kLowShare = 0.02;
constexpr double kHighShare = 0.98;

struct NamedBands {
  const char* name;
  std::array<const char*, 3> bands;
};

constexpr NamedBands kSentinel2[] = {
    {"true colour", {"B04", "B03", "B02"}},
    {"colour infrared", {"B08", "B04", "B03"}},
    {"short-wave infrared", {"B12", "B8A", "B04"}},
    {"agriculture", {"B11", "B08", "B02"}}};

}  // namespace

std::vector<Composite> composites_of(const std::vector<std::string>& bands) {
  std::vector<Composite> composites;
  for (const auto& known : kSentinel2) {
    Composite composite = {known.name, {}};
    bool has_all = true;
    for (size_t c = 0; c < known.bands.size(); ++c) {
      const auto at = std::find(bands.begin(), bands.end(), known.bands[c]);
      has_all = has_all && at != bands.end();
      composite.bands[c] = at - bands.begin();
    }
    if (has_all) {
      composites.push_back(std::move(composite));
    }
  }
  if (composites.empty()) {
    const auto last = static_cast<int64_t>(bands.size()) - 1;
    composites.push_back(
        {"colour",
         {0, std::min<int64_t>(1, last), std::min<int64_t>(2, last)}});
  }
  return composites;
}

std::vector<double> band_values(const raster::Image& tile, int64_t band) {
  const auto copy = [](const auto& values) {
    return std::vector<double>(values.begin(), values.end());
  };
  switch (tile.type()) {
    case raster::PixelType::kUint8:
      return copy(tile.band<uint8_t>(band));
    case raster::PixelType::kUint16:
      return copy(tile.band<uint16_t>(band));
    case raster::PixelType::kInt16:
      return copy(tile.band<int16_t>(band));
    case raster::PixelType::kFloat32:
      return copy(tile.band<float>(band));
  }
  return {};
}

std::array<double, 2> spread(std::vector<double> values) {
  const auto at = [&](double share) {
    const auto place =
        values.begin() + static_cast<std::ptrdiff_t>(
                             share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    return *place;
  };
  const double low = at(kLowShare);
  return {low, std::max(at(kHighShare), low + 1e-9)};
}

uint8_t to_byte(double unit) {
  return static_cast<uint8_t>(
      std::lround(255 * std::clamp(std::isnan(unit) ? 0.0 : unit, 0.0, 1.0)));
}

raster::Image composite_picture(
    const raster::Image& tile, const Composite& composite) {
  raster::Image picture(
      3, tile.height(), tile.width(), raster::PixelType::kUint8);
  for (int64_t c = 0; c < 3; ++c) {
    const auto values =
        band_values(tile, composite.bands[static_cast<size_t>(c)]);
    const auto range = tile.type() == raster::PixelType::kUint8
                           ? std::array<double, 2>{0, 255}
                           : spread(values);
    auto out = picture.band<uint8_t>(c);
    for (size_t i = 0; i < values.size(); ++i) {
      out[i] = to_byte((values[i] - range[0]) / (range[1] - range[0]));
    }
  }
  return picture;
}

raster::Image visible_picture(
    const raster::Image& tile, const std::vector<std::string>& bands) {
  return composite_picture(tile, composites_of(bands).front());
}

}  // namespace nadir::eval
