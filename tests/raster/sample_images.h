// Small images and the folder of real data, for tests of this room and above.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.h"
#include "raster/geotiff.h"
#include "raster/image.h"

namespace nadir::raster {

// Pixel i of band b is 1000 b + i, as far as the type holds it. No clones of
// it: GCC 12 warns falsely of overflow where it knows the size.
template <class T>
[[nodiscard, gnu::noipa]] Image counting_image(
    int64_t num_bands, int64_t height, int64_t width) {
  Image image(num_bands, height, width, pixel_type_of<T>());
  for (int64_t band = 0; band < num_bands; ++band) {
    int64_t next = 1000 * band;
    for (T& pixel : image.band<T>(band)) {
      pixel = static_cast<T>(next++);
    }
  }
  return image;
}

[[nodiscard]] inline Georeference utm33_grid() {
  return {"EPSG:32633", {404400, 10, 0, 5342400, 0, -10}};
}

// The code of the Error that `call` throws, or nothing; `message` gets its
// text.
template <class Call>
[[nodiscard]] std::optional<ErrorCode> error_of(
    const Call& call, std::string* message = nullptr) {
  try {
    call();
  } catch (const Error& error) {
    if (message != nullptr) {
      *message = error.what();
    }
    return error.code();
  }
  return std::nullopt;
}

}  // namespace nadir::raster
