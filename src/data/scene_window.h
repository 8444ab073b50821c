// Windows of scenes as a user names them, as images to be embedded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace nadir::data {

// Pixels of a raster file, or all of it.
struct SceneWindow {
  std::string name;   // as the user wrote it
  std::string scene;  // the file
  bool is_whole = true;
  int64_t row = 0;
  int64_t col = 0;
  int64_t height = 0;
  int64_t width = 0;
};

// "SCENE.tif@ROW,COL,HEIGHT,WIDTH" in pixels, or "SCENE.tif" for all of it.
// Throws Error{kInvalidArgument} for numbers of another kind.
[[nodiscard]] SceneWindow parse_window(const std::string& text);

// A place in a scene, by longitude and latitude in degrees (WGS 84).
struct ScenePlace {
  std::string name;   // as the user wrote it
  std::string scene;  // the file
  double longitude_deg = 0;
  double latitude_deg = 0;
  int64_t side_px = 0;
};

// "SCENE.tif@LON,LAT,SIDE". Throws as parse_window().
[[nodiscard]] ScenePlace parse_place(const std::string& text);

// The square of side_px around the pixel that holds the place. Throws
// Error{kInvalidArgument} for a scene without a georeference, and a square that
// does not lie in it, and as raster::RasterReader.
[[nodiscard]] SceneWindow window_at(const ScenePlace& place);

// The windows as a dataset with the bands named `bands`, of which each file
// must have all; empty takes those of the first. Throws Error{kInvalidArgument}
// for a window that does not lie in its scene and as choose_bands(), and as
// raster::RasterReader.
[[nodiscard]] std::unique_ptr<Dataset> open_windows(
    std::vector<SceneWindow> windows, const std::vector<std::string>& bands);

}  // namespace nadir::data
