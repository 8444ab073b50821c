// A scene of noise for maps.
#pragma once

#include <filesystem>

#include "core/random.h"
#include "raster/geotiff.h"

namespace nadir::cli {

struct NoiseScene {
  int64_t num_bands = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t first_col = 0;  // pixels left of it are 0
  uint64_t seed = 1;
};

// Pixels of 10 m from 1 to 3,000 in bands that the file does not name.
inline void write_noise_scene(
    const std::filesystem::path& path, const NoiseScene& scene) {
  raster::Image image(
      scene.num_bands, scene.height, scene.width, raster::PixelType::kUint16);
  RandomStream random(scene.seed, StreamPurpose::kTest);
  for (int64_t band = 0; band < scene.num_bands; ++band) {
    auto pixels = image.band<uint16_t>(band);
    for (size_t i = 0; i < pixels.size(); ++i) {
      const bool is_data =
          static_cast<int64_t>(i) % scene.width >= scene.first_col;
      pixels[i] = is_data ? static_cast<uint16_t>(1 + random.uniform_int(3000))
                          : uint16_t{0};
    }
  }
  raster::write_geotiff(
      path, image, {"EPSG:32633", {404400, 10, 0, 5342400, 0, -10}});
}

}  // namespace nadir::cli
