// Tiny images and folders for the tests of this room.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/error.h"
#include "core/file.h"
#include "raster/geotiff.h"
#include "raster/image_file.h"

namespace nadir::data {

inline std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Pixel (row, col) of band b is seed + 100 b + 10 row + col.
template <class T>
raster::Image telling_image(
    int64_t num_bands, int64_t height, int64_t width, int seed = 0) {
  raster::Image image(num_bands, height, width, raster::pixel_type_of<T>());
  for (int64_t b = 0; b < num_bands; ++b) {
    auto band = image.band<T>(b);
    for (int64_t i = 0; i < height * width; ++i) {
      band[static_cast<size_t>(i)] =
          static_cast<T>(seed + 100 * b + 10 * (i / width) + i % width);
    }
  }
  return image;
}

inline void make_png(
    const std::filesystem::path& path, int64_t num_bands = 3, int seed = 0) {
  make_folder(path.parent_path());
  raster::write_png(path, telling_image<uint8_t>(num_bands, 4, 5, seed));
}

inline void make_tiff(
    const std::filesystem::path& path, const raster::Image& image) {
  make_folder(path.parent_path());
  raster::write_geotiff(path, image, {});
}

}  // namespace nadir::data
