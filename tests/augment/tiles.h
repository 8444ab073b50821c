// Tiles for the tests of views.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "core/random.h"
#include "raster/image.h"

namespace nadir::augment {

inline raster::Image random_tile(
    int64_t num_bands, int64_t height, int64_t width, uint64_t seed = 1) {
  RandomStream random(seed, StreamPurpose::kTest);
  raster::Image tile(num_bands, height, width, raster::PixelType::kUint8);
  for (std::byte& value : tile.bytes()) {
    value = static_cast<std::byte>(random.next_u32());
  }
  return tile;
}

inline raster::Image random_float_tile(
    int64_t num_bands, int64_t height, int64_t width, double low, double high) {
  RandomStream random(2, StreamPurpose::kTest);
  raster::Image tile(num_bands, height, width, raster::PixelType::kFloat32);
  for (int64_t band = 0; band < num_bands; ++band) {
    for (float& value : tile.band<float>(band)) {
      value = static_cast<float>(random.uniform(low, high));
    }
  }
  return tile;
}

inline RandomStream view_stream(uint64_t sample, uint32_t view = 0) {
  return {7, StreamPurpose::kAugment, 3, sample, view};
}

}  // namespace nadir::augment
