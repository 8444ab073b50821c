#include "scene/scene.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "data/catalog.h"
#include "data/picture_dataset.h"

namespace nadir::scene {
namespace {

using raster::Image;
using raster::PixelType;

std::optional<double> read_nodata(
    const std::string& text, const std::optional<double>& of_file) {
  if (text.empty()) {
    return of_file;
  }
  if (text == "none") {
    return std::nullopt;
  }
  double value = 0;
  const auto result =
      std::from_chars(text.data(), text.data() + text.size(), value);
  NADIR_CHECK(
      result.ec == std::errc() && result.ptr == text.data() + text.size(),
      "nodata must be a number or none, got '{}'",
      text);
  return value;
}

std::vector<std::string> names_of_bands(
    const SceneOptions& options, const raster::RasterInfo& info) {
  if (options.band_names.empty()) {
    auto names = data::raster_bands(info);
    return names;
  }
  NADIR_CHECK(
      static_cast<int64_t>(options.band_names.size()) == info.num_bands,
      "--band-names must name all {} bands of {}, got {} ({})",
      info.num_bands,
      options.path,
      options.band_names.size(),
      fmt::join(options.band_names, ","));
  std::vector<std::string> names;
  for (const auto& name : options.band_names) {
    names.push_back(data::canonical_band(name));
  }
  return names;
}

template <class Call>
void with_pixel_type(PixelType type, const Call& call) {
  switch (type) {
    case PixelType::kUint8:
      return call(uint8_t{});
    case PixelType::kUint16:
      return call(uint16_t{});
    case PixelType::kInt16:
      return call(int16_t{});
    case PixelType::kFloat32:
      return call(float{});
  }
}

template <class T>
void find_nodata(
    const Image& image, double nodata, std::vector<uint8_t>& is_valid) {
  constexpr bool kIsInteger = !std::is_same_v<T, float>;
  if (nodata < static_cast<double>(std::numeric_limits<T>::lowest()) ||
      nodata > static_cast<double>(std::numeric_limits<T>::max()) ||
      (kIsInteger && nodata != std::floor(nodata))) {
    return;  // no pixel of this type can be it
  }
  const auto value = static_cast<T>(nodata);
  std::vector<uint8_t> is_nodata(is_valid.size(), 1);
  for (int64_t band = 0; band < image.num_bands(); ++band) {
    const auto pixels = image.band<T>(band);
    for (size_t i = 0; i < pixels.size(); ++i) {
      is_nodata[i] = is_nodata[i] & static_cast<uint8_t>(pixels[i] == value);
    }
  }
  for (size_t i = 0; i < is_valid.size(); ++i) {
    is_valid[i] = is_valid[i] & static_cast<uint8_t>(1 - is_nodata[i]);
  }
}

void find_not_finite(const Image& image, std::vector<uint8_t>& is_valid) {
  for (int64_t band = 0; band < image.num_bands(); ++band) {
    const auto pixels = image.band<float>(band);
    for (size_t i = 0; i < pixels.size(); ++i) {
      is_valid[i] =
          is_valid[i] & static_cast<uint8_t>(std::isfinite(pixels[i]));
    }
  }
}

template <class T>
void fill_band(const std::vector<uint8_t>& is_valid, std::span<T> pixels) {
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < pixels.size(); ++i) {
    if (is_valid[i] != 0) {
      sum += static_cast<double>(pixels[i]);
      ++count;
    }
  }
  const double mean = count > 0 ? sum / static_cast<double>(count) : 0.0;
  const T value = std::is_same_v<T, float> ? static_cast<T>(mean)
                                           : static_cast<T>(std::lround(mean));
  for (size_t i = 0; i < pixels.size(); ++i) {
    if (is_valid[i] == 0) {
      pixels[i] = value;
    }
  }
}

}  // namespace

Scene::Scene(const SceneOptions& options) : path_(options.path) {
  const raster::SceneReader reader(options.path);
  info_ = reader.info();
  const auto names = names_of_bands(options, info_);
  for (const size_t place : data::choose_bands(options.bands, names)) {
    bands_.push_back(names[place]);
    places_.push_back(static_cast<int>(place));
  }
  if (options.bands.empty() && names.size() == 4 && names[3] == "A") {
    bands_.pop_back();
    places_.pop_back();
  }
  nodata_ = read_nodata(options.nodata, info_.nodata);
  has_mask_ = reader.has_mask();
  file_state_ = reader.file_state();
}

nlohmann::json Scene::identity() const {
  return {
      {"path", path_},
      {"file", file_state_},
      {"height", info_.height},
      {"width", info_.width},
      {"bands", bands_},
      {"nodata", nodata_ ? fmt::format("{}", *nodata_) : "none"},
      {"mask", has_mask_}};
}

int64_t Scene::bytes_of_rows(int64_t num_rows) const {
  const auto num_bands = static_cast<int64_t>(places_.size());
  return num_rows * info_.width *
         (num_bands * raster::bytes_per_pixel(info_.type) +
          (has_mask_ ? 1 : 0));
}

void check_same_grid(const Scene& first, const Scene& second) {
  const auto& a = first.info();
  const auto& b = second.info();
  const auto check = [&](bool is_same,
                         const char* what,
                         const std::string& of_first,
                         const std::string& of_second) {
    NADIR_CHECK(
        is_same,
        "{} and {} differ in {}: {} and {}; bring the second to the grid of "
        "the first (gdalwarp)",
        first.path(),
        second.path(),
        what,
        of_first,
        of_second);
  };
  const auto size = [](const raster::RasterInfo& info) {
    return fmt::format("{} x {} pixels", info.height, info.width);
  };
  check(a.height == b.height && a.width == b.width, "size", size(a), size(b));
  const auto crs = [](const raster::RasterInfo& info) {
    return fmt::format("'{:.60}'", info.georeference.crs);
  };
  check(a.georeference.crs == b.georeference.crs, "projection", crs(a), crs(b));
  const auto& s = a.georeference.transform;
  const auto& t = b.georeference.transform;
  const double pixel = std::hypot(s[1], s[4]);
  bool is_same_place = true;
  for (size_t i = 0; i < s.size(); ++i) {
    // A thousandth of a pixel at the far corner.
    const bool is_step = i != 0 && i != 3;
    const double far =
        is_step ? static_cast<double>(std::max(a.height, a.width)) : 1.0;
    is_same_place =
        is_same_place && std::abs(s[i] - t[i]) * far <= 1e-3 * pixel;
  }
  const auto place = [](const raster::RasterInfo& info) {
    return fmt::format("{}", fmt::join(info.georeference.transform, " "));
  };
  check(is_same_place, "the place of their pixels", place(a), place(b));
  const auto bands = [](const Scene& scene) {
    return fmt::format("{}", fmt::join(scene.bands(), ","));
  };
  check(first.bands() == second.bands(), "bands", bands(first), bands(second));
}

std::vector<uint8_t> valid_pixels(
    const Scene& scene, const Image& image, const Image* mask) {
  std::vector<uint8_t> is_valid(
      static_cast<size_t>(image.height() * image.width()), 1);
  if (mask != nullptr) {
    const auto pixels = mask->band<uint8_t>(0);
    for (size_t i = 0; i < is_valid.size(); ++i) {
      is_valid[i] = static_cast<uint8_t>(pixels[i] != 0);
    }
  }
  if (scene.nodata() && !std::isnan(*scene.nodata())) {
    with_pixel_type(image.type(), [&](auto pixel) {
      find_nodata<decltype(pixel)>(image, *scene.nodata(), is_valid);
    });
  }
  if (image.type() == PixelType::kFloat32) {
    find_not_finite(image, is_valid);
  }
  return is_valid;
}

void fill_invalid(const std::vector<uint8_t>& is_valid, Image& image) {
  with_pixel_type(image.type(), [&](auto pixel) {
    for (int64_t band = 0; band < image.num_bands(); ++band) {
      fill_band(is_valid, image.band<decltype(pixel)>(band));
    }
  });
}

}  // namespace nadir::scene
