#include "data/band_stack.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace nadir::data {
namespace {

using raster::Image;
using raster::PixelType;

// Blobs do not align their pixels, so that they are copied, never cast.
template <class T>
T load(const std::byte* pixels, int64_t index) {
  T value;
  std::memcpy(
      &value, pixels + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

// Writes src [h, w] to dst [height, width], each pixel repeated.
template <class T, class U>
void repeat_pixels(
    const BandView& src, int64_t height, int64_t width, std::span<U> dst) {
  const int64_t rows_per_pixel = height / src.height;
  const int64_t cols_per_pixel = width / src.width;
  for (int64_t row = 0; row < src.height; ++row) {
    U* out = dst.data() + row * rows_per_pixel * width;
    U* at = out;
    for (int64_t col = 0; col < src.width; ++col) {
      const U value =
          static_cast<U>(load<T>(src.pixels, row * src.width + col));
      at = std::fill_n(at, cols_per_pixel, value);
    }
    for (int64_t copy = 1; copy < rows_per_pixel; ++copy) {
      std::copy_n(out, width, out + copy * width);
    }
  }
}

template <class T>
void put_band(const BandView& src, int64_t band, Image& image) {
  if (image.type() == PixelType::kFloat32) {
    repeat_pixels<T>(
        src, image.height(), image.width(), image.band<float>(band));
  } else {
    repeat_pixels<T>(src, image.height(), image.width(), image.band<T>(band));
  }
}

}  // namespace

Image stack_bands(std::span<const BandView> bands, const std::string& what) {
  NADIR_ASSERT(!bands.empty());
  int64_t height = 0;
  int64_t width = 0;
  PixelType type = bands[0].type;
  for (const auto& band : bands) {
    height = std::max(height, band.height);
    width = std::max(width, band.width);
    type = band.type == type ? type : PixelType::kFloat32;
  }
  Image image(static_cast<int64_t>(bands.size()), height, width, type);
  for (size_t b = 0; b < bands.size(); ++b) {
    const auto& src = bands[b];
    if (height % src.height != 0 || width % src.width != 0) {
      fail(
          ErrorCode::kCorruptData,
          "{}: band {} of {} x {} pixels does not fit a grid of {} x {}",
          what,
          src.name,
          src.height,
          src.width,
          height,
          width);
    }
    const auto place = static_cast<int64_t>(b);
    if (src.type == type && src.height == height && src.width == width) {
      std::memcpy(
          image.bytes().data() + place * src.num_bytes(),
          src.pixels,
          static_cast<size_t>(src.num_bytes()));
      continue;
    }
    switch (src.type) {
      case PixelType::kUint8:
        put_band<uint8_t>(src, place, image);
        break;
      case PixelType::kUint16:
        put_band<uint16_t>(src, place, image);
        break;
      case PixelType::kInt16:
        put_band<int16_t>(src, place, image);
        break;
      case PixelType::kFloat32:
        put_band<float>(src, place, image);
        break;
    }
  }
  return image;
}

BandView view_of(const Image& image, int64_t band, std::string_view name) {
  const int64_t num_bytes =
      image.height() * image.width() * raster::bytes_per_pixel(image.type());
  return {
      name,
      image.type(),
      image.height(),
      image.width(),
      image.bytes().data() + band * num_bytes};
}

}  // namespace nadir::data
