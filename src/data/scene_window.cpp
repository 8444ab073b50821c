#include "data/scene_window.h"

#include <array>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "data/catalog.h"
#include "data/picture_dataset.h"
#include "raster/geotiff.h"
#include "raster/projection.h"

namespace nadir::data {
namespace {

// `text` behind the last "@", as `count` numbers between commas; nothing where
// it is something else.
template <class Number>
std::optional<std::vector<Number>> numbers_of(
    std::string_view text, size_t count) {
  std::vector<Number> numbers;
  while (true) {
    Number number{};
    const auto [end, code] =
        std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc()) {
      return std::nullopt;
    }
    numbers.push_back(number);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty()) {
      break;
    }
    if (text.front() != ',') {
      return std::nullopt;
    }
    text.remove_prefix(1);
  }
  return numbers.size() == count ? std::optional(numbers) : std::nullopt;
}

// Row and column of the pixel that holds a place; nothing where the transform
// cannot be turned round.
std::optional<std::array<int64_t, 2>> pixel_at(
    const raster::Georeference& grid, double x, double y) {
  const auto& t = grid.transform;
  const double determinant = t[1] * t[5] - t[2] * t[4];
  const double col = ((x - t[0]) * t[5] - (y - t[3]) * t[2]) / determinant;
  const double row = ((y - t[3]) * t[1] - (x - t[0]) * t[4]) / determinant;
  constexpr double kLargest = 1e9;
  if (!(std::abs(col) < kLargest && std::abs(row) < kLargest)) {
    return std::nullopt;
  }
  return std::array{
      static_cast<int64_t>(std::floor(row)),
      static_cast<int64_t>(std::floor(col))};
}

void check_inside(const SceneWindow& window, const raster::RasterInfo& info) {
  NADIR_CHECK(
      window.row >= 0 && window.col >= 0 && window.height > 0 &&
          window.width > 0 && window.row <= info.height - window.height &&
          window.col <= info.width - window.width,
      "{}: rows {} to {}, columns {} to {} do not lie in the scene, which has "
      "{} rows and {} columns",
      window.name,
      window.row,
      window.row + window.height - 1,
      window.col,
      window.col + window.width - 1,
      info.height,
      info.width);
}

class WindowDataset : public CatalogDataset {
 public:
  WindowDataset(
      Catalog catalog,
      std::vector<std::string> bands,
      std::vector<SceneWindow> windows,
      std::vector<std::vector<int>> places)
      : CatalogDataset(
            std::move(catalog),
            std::move(bands),
            "windows",
            windows.front().name),
        windows_(std::move(windows)),
        places_(std::move(places)) {}

  [[nodiscard]] raster::Image read(int64_t index) const override {
    const auto& window = windows_[static_cast<size_t>(index)];
    const raster::RasterReader reader(window.scene);
    return reader.read_window(
        window.row,
        window.col,
        window.height,
        window.width,
        places_[static_cast<size_t>(index)]);
  }

  [[nodiscard]] std::vector<std::filesystem::path> files(
      int64_t index) const override {
    return {windows_[static_cast<size_t>(index)].scene};
  }

 private:
  std::vector<SceneWindow> windows_;
  std::vector<std::vector<int>> places_;  // of the bands in each file
};

}  // namespace

SceneWindow parse_window(const std::string& text) {
  SceneWindow window;
  window.name = text;
  const size_t at = text.rfind('@');
  window.scene = text.substr(0, at);
  if (at == std::string::npos) {
    return window;
  }
  const auto numbers =
      numbers_of<int64_t>(std::string_view(text).substr(at + 1), 4);
  NADIR_CHECK(
      numbers.has_value() && !window.scene.empty(),
      "a window is SCENE.tif@ROW,COL,HEIGHT,WIDTH in whole pixels, or "
      "SCENE.tif "
      "for all of it; got '{}'",
      text);
  window.is_whole = false;
  window.row = (*numbers)[0];
  window.col = (*numbers)[1];
  window.height = (*numbers)[2];
  window.width = (*numbers)[3];
  return window;
}

ScenePlace parse_place(const std::string& text) {
  const size_t at = text.rfind('@');
  const auto numbers =
      at == std::string::npos
          ? std::nullopt
          : numbers_of<double>(std::string_view(text).substr(at + 1), 3);
  NADIR_CHECK(
      numbers.has_value() && at > 0 && (*numbers)[2] >= 1 &&
          (*numbers)[2] == std::floor((*numbers)[2]),
      "a place is SCENE.tif@LON,LAT,SIDE: degrees, and the side of a square in "
      "whole pixels; got '{}'",
      text);
  return {
      text,
      text.substr(0, at),
      (*numbers)[0],
      (*numbers)[1],
      static_cast<int64_t>((*numbers)[2])};
}

SceneWindow window_at(const ScenePlace& place) {
  const auto info = raster::read_raster_info(place.scene);
  const auto& grid = info.georeference;
  NADIR_CHECK(
      !grid.crs.empty(),
      "{} does not say where it lies; name pixels with --window",
      place.scene);
  const raster::Transformer transformer("EPSG:4326", grid.crs);
  std::array<double, 1> x = {place.longitude_deg};
  std::array<double, 1> y = {place.latitude_deg};
  const auto pixel =
      transformer.transform(x, y) ? pixel_at(grid, x[0], y[0]) : std::nullopt;
  NADIR_CHECK(
      pixel.has_value(),
      "{}: the scene's projection has no such place",
      place.name);
  SceneWindow window;
  window.name = place.name;
  window.scene = place.scene;
  window.is_whole = false;
  window.row = (*pixel)[0] - place.side_px / 2;
  window.col = (*pixel)[1] - place.side_px / 2;
  window.height = place.side_px;
  window.width = place.side_px;
  check_inside(window, info);
  return window;
}

std::unique_ptr<Dataset> open_windows(
    std::vector<SceneWindow> windows, const std::vector<std::string>& bands) {
  NADIR_ASSERT(!windows.empty());
  std::vector<std::string> wanted = bands;
  std::vector<std::vector<int>> places;
  Catalog catalog;
  for (auto& window : windows) {
    const auto info = raster::read_raster_info(window.scene);
    if (window.is_whole) {
      window.height = info.height;
      window.width = info.width;
    }
    check_inside(window, info);
    const auto available = picture_bands(window.scene);
    if (wanted.empty()) {
      wanted = available;
    }
    auto& chosen = places.emplace_back();
    for (const size_t place : choose_bands(wanted, available)) {
      chosen.push_back(static_cast<int>(place));
    }
    catalog.names.push_back(window.name);
    catalog.splits.push_back(Split::kNone);
  }
  return std::make_unique<WindowDataset>(
      std::move(catalog),
      std::move(wanted),
      std::move(windows),
      std::move(places));
}

}  // namespace nadir::data
