// Images, bodies and rules for tests of the room.
#pragma once

#include <string>
#include <vector>

#include "core/random.h"
#include "data/normalization.h"
#include "raster/image.h"
#include "serve/request_images.h"

namespace nadir::serve {

// "imagenet" of R,G,B unless told otherwise.
inline ImageRules rules_for(
    const std::vector<std::string>& bands = {"R", "G", "B"},
    const std::string& normalization = "imagenet",
    raster::PixelType type = raster::PixelType::kUint8) {
  ImageRules rules;
  rules.normalization =
      data::make_normalization(normalization, bands, type, nullptr);
  return rules;
}

// Reflectance of red, green and blue.
inline ImageRules sentinel_rules() {
  return rules_for(
      {"B04", "B03", "B02"}, "rgb2000", raster::PixelType::kUint16);
}

// Any pixels of 8 or 16 bits, or floats below 256.
template <class T>
raster::Image noise(
    int64_t num_bands, int64_t height, int64_t width, uint64_t seed = 1) {
  raster::Image image(num_bands, height, width, raster::pixel_type_of<T>());
  RandomStream random(seed, StreamPurpose::kTest);
  for (int64_t band = 0; band < num_bands; ++band) {
    for (T& pixel : image.band<T>(band)) {
      pixel = static_cast<T>(random.uniform_int(256));
    }
  }
  return image;
}

inline std::string bytes_of(const raster::Image& image) {
  return {
      reinterpret_cast<const char*>(image.bytes().data()),
      image.bytes().size()};
}

// A .npy with this header's dictionary and these values.
inline std::string npy(const std::string& header, const std::string& values) {
  std::string file("\x93NUMPY\x01\x00", 8);
  const std::string text = header + "\n";
  file += static_cast<char>(text.size() & 0xFF);
  file += static_cast<char>(text.size() >> 8);
  return file + text + values;
}

inline std::string npy_of(
    const std::string& descr,
    const std::string& shape,
    const std::string& values) {
  return npy(
      "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape +
          ", }",
      values);
}

inline std::string base64(std::string_view bytes) {
  constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j) {
      bits = bits << 8 |
             (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j])
                                   : 0U);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += i + j <= bytes.size() ? kLetters[bits >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

}  // namespace nadir::serve
