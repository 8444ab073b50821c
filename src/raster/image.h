// A tile in memory: some bands on one pixel grid, planar. No GDAL here; this
// is what rooms above raster pass around.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "core/error.h"

namespace nadir::raster {

enum class PixelType { kUint8, kUint16, kInt16, kFloat32 };

[[nodiscard]] constexpr int64_t bytes_per_pixel(PixelType type) {
  return type == PixelType::kUint8 ? 1 : type == PixelType::kFloat32 ? 4 : 2;
}

template <class T>
[[nodiscard]] constexpr PixelType pixel_type_of() {
  if constexpr (std::is_same_v<T, uint8_t>) {
    return PixelType::kUint8;
  } else if constexpr (std::is_same_v<T, uint16_t>) {
    return PixelType::kUint16;
  } else if constexpr (std::is_same_v<T, int16_t>) {
    return PixelType::kInt16;
  } else {
    static_assert(std::is_same_v<T, float>);
    return PixelType::kFloat32;
  }
}

// Planar [num_bands, height, width], rows top to bottom, no padding. A value
// type that owns its pixels.
class Image {
 public:
  Image() = default;

  Image(int64_t num_bands, int64_t height, int64_t width, PixelType type)
      : num_bands_(num_bands),
        height_(height),
        width_(width),
        type_(type),
        bytes_(static_cast<size_t>(
            num_bands * height * width * bytes_per_pixel(type))) {}

  [[nodiscard]] int64_t num_bands() const { return num_bands_; }

  [[nodiscard]] int64_t height() const { return height_; }

  [[nodiscard]] int64_t width() const { return width_; }

  [[nodiscard]] PixelType type() const { return type_; }

  [[nodiscard]] bool empty() const { return bytes_.empty(); }

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  [[nodiscard]] std::span<std::byte> bytes() { return bytes_; }

  // The pixels of one band, height * width of them. T must match type().
  template <class T>
  [[nodiscard]] std::span<T> band(int64_t index) {
    NADIR_ASSERT(pixel_type_of<T>() == type_ && index < num_bands_);
    return {
        reinterpret_cast<T*>(bytes_.data()) + index * height_ * width_,
        static_cast<size_t>(height_ * width_)};
  }

  template <class T>
  [[nodiscard]] std::span<const T> band(int64_t index) const {
    return const_cast<Image*>(this)->band<T>(index);
  }

 private:
  int64_t num_bands_ = 0;
  int64_t height_ = 0;
  int64_t width_ = 0;
  PixelType type_ = PixelType::kUint8;
  std::vector<std::byte> bytes_;
};

}  // namespace nadir::raster
