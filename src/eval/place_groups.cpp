#include "eval/place_groups.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/progress.h"
#include "core/signals.h"
#include "raster/geotiff.h"

namespace nadir::eval {

namespace {

// Less of a pixel than this is rounding, not overlap.
constexpr double kTouchingPixels = 0.5;

struct Footprint {
  int64_t image = 0;
  std::string crs;
  double left = 0;
  double right = 0;
  double bottom = 0;
  double top = 0;
};

std::optional<Footprint> read_footprint(
    const data::Dataset& dataset, int64_t image) {
  const auto files = dataset.files(image);
  if (files.empty()) {
    return std::nullopt;
  }
  auto extension = files[0].extension().string();
  std::transform(
      extension.begin(), extension.end(), extension.begin(), ::tolower);
  if (extension != ".tif" && extension != ".tiff") {
    return std::nullopt;
  }
  const auto info = raster::read_raster_info(files[0]);
  if (info.georeference.crs.empty()) {
    return std::nullopt;
  }
  const auto& t = info.georeference.transform;
  const double margin = kTouchingPixels * (std::abs(t[1]) + std::abs(t[2]));
  Footprint place;
  place.image = image;
  place.crs = info.georeference.crs;
  const auto cols = static_cast<double>(info.width);
  const auto rows = static_cast<double>(info.height);
  const auto xs = {
      t[0],
      t[0] + cols * t[1],
      t[0] + rows * t[2],
      t[0] + cols * t[1] + rows * t[2]};
  const auto ys = {
      t[3],
      t[3] + cols * t[4],
      t[3] + rows * t[5],
      t[3] + cols * t[4] + rows * t[5]};
  place.left = std::min(xs) + margin;
  place.right = std::max(xs) - margin;
  place.bottom = std::min(ys) + margin;
  place.top = std::max(ys) - margin;
  return place;
}

int64_t root_of(std::vector<int64_t>& parents, int64_t image) {
  while (parents[image] != image) {
    parents[image] = parents[parents[image]];
    image = parents[image];
  }
  return image;
}

}  // namespace

std::vector<int64_t> place_groups(const data::Dataset& dataset) {
  std::vector<Footprint> places;
  Progress progress("reading footprints", dataset.size(), "images");
  for (int64_t i = 0; i < dataset.size(); ++i) {
    stop_if_told("footprints read so far");
    if (auto place = read_footprint(dataset, i)) {
      places.push_back(std::move(*place));
    }
    progress.advance();
  }
  std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) {
    return a.left < b.left;
  });
  std::vector<int64_t> parents(dataset.size());
  std::iota(parents.begin(), parents.end(), int64_t{0});
  for (size_t a = 0; a < places.size(); ++a) {
    for (size_t b = a + 1;
         b < places.size() && places[b].left < places[a].right;
         ++b) {
      if (places[a].crs == places[b].crs && places[a].bottom < places[b].top &&
          places[b].bottom < places[a].top) {
        const int64_t first = root_of(parents, places[a].image);
        const int64_t second = root_of(parents, places[b].image);
        parents[std::max(first, second)] = std::min(first, second);
      }
    }
  }
  for (int64_t i = 0; i < dataset.size(); ++i) {
    parents[i] = root_of(parents, i);
  }
  return parents;
}

}  // namespace nadir::eval
