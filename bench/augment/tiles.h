// Tiles for benchmarks: smooth scenes with noise, as many as caches notice.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "raster/image.h"

namespace nadir::augment {

inline std::vector<raster::Image> scene_tiles(int64_t num_tiles, int64_t side) {
  RandomStream random(1, StreamPurpose::kTest);
  std::vector<raster::Image> tiles;
  for (int64_t i = 0; i < num_tiles; ++i) {
    raster::Image tile(3, side, side, raster::PixelType::kUint8);
    for (int64_t band = 0; band < 3; ++band) {
      const double phase = random.uniform(0, 6);
      auto pixels = tile.band<uint8_t>(band);
      for (int64_t p = 0; p < side * side; ++p) {
        const double wave =
            std::sin(phase + 0.05 * static_cast<double>(p / side)) +
            std::cos(phase * 3 + 0.08 * static_cast<double>(p % side));
        pixels[static_cast<size_t>(p)] =
            static_cast<uint8_t>(110 + 40 * wave + random.uniform(0, 20));
      }
    }
    tiles.push_back(std::move(tile));
  }
  return tiles;
}

}  // namespace nadir::augment
