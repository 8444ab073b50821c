#include "serve/picture_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/config.h"
#include "core/error.h"
#include "data/band_stack.h"
#include "data/catalog.h"
#include "data/picture_dataset.h"
#include "data/safetensors_blob.h"
#include "raster/geotiff.h"
#include "raster/image_file.h"

namespace nadir::serve {
namespace {

using raster::Image;
using raster::PixelType;

const std::vector<std::string> kColorBands = {"R", "G", "B"};

size_t band_bytes(const Image& image) {
  return static_cast<size_t>(
      image.height() * image.width() * raster::bytes_per_pixel(image.type()));
}

// Bands of `image` at `places`, which may repeat.
Image take_bands(Image image, const std::vector<size_t>& places) {
  bool is_whole = static_cast<int64_t>(places.size()) == image.num_bands();
  for (size_t b = 0; b < places.size(); ++b) {
    is_whole = is_whole && places[b] == b;
  }
  if (is_whole) {
    return image;
  }
  Image chosen(
      static_cast<int64_t>(places.size()),
      image.height(),
      image.width(),
      image.type());
  const size_t num_bytes = band_bytes(image);
  for (size_t b = 0; b < places.size(); ++b) {
    std::memcpy(
        chosen.bytes().data() + b * num_bytes,
        image.bytes().data() + places[b] * num_bytes,
        num_bytes);
  }
  return chosen;
}

// The network's bands among `names`; throws naming the image.
std::vector<size_t> find_bands(
    const std::vector<std::string>& wanted,
    const std::vector<std::string>& names,
    const std::string& name) {
  try {
    return data::choose_bands(wanted, names);
  } catch (const Error& error) {
    throw Error(
        error.code(),
        fmt::format(
            "{}: the network takes the bands {}, and {}",
            name,
            join(wanted, ","),
            error.what()));
  }
}

bool are_all_there(
    const std::vector<std::string>& wanted,
    const std::vector<std::string>& names) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& band) {
    return std::find(names.begin(), names.end(), band) != names.end();
  });
}

bool states_names(const raster::RasterInfo& info) {
  return std::all_of(
      info.band_names.begin(), info.band_names.end(), [](const auto& name) {
        return !name.empty();
      });
}

}  // namespace

void check_pixels(
    const Image& image,
    const std::string& name,
    const data::Normalization& normalization) {
  const auto is_each = [](const std::vector<double>& values, double value) {
    return std::all_of(values.begin(), values.end(), [value](double one) {
      return one == value;
    });
  };
  const bool is_8_bit =
      is_each(normalization.low, 0) && is_each(normalization.high, 255);
  const double highest =
      *std::max_element(normalization.high.begin(), normalization.high.end());
  const bool is_16_bit =
      image.type() == PixelType::kUint16 || image.type() == PixelType::kInt16;
  NADIR_CHECK(
      !(is_8_bit && is_16_bit),
      "{}: the network's normalisation {} takes 8-bit pixels (or float32 from "
      "0 to 255), these are of 16 bits",
      name,
      normalization.name);
  NADIR_CHECK(
      is_8_bit || highest <= 255 || image.type() != PixelType::kUint8,
      "{}: the network's normalisation {} takes numbers up to {} (uint16, "
      "int16 or float32), these pixels are of 8 bits",
      name,
      normalization.name,
      highest);
  if (image.type() != PixelType::kFloat32) {
    return;
  }
  for (int64_t b = 0; b < image.num_bands(); ++b) {
    const auto pixels = image.band<float>(b);
    NADIR_CHECK(
        std::none_of(
            pixels.begin(),
            pixels.end(),
            [](float value) { return std::isinf(value); }),
        "{}: band {} holds infinite numbers; a missing pixel is NaN",
        name,
        normalization.bands[static_cast<size_t>(b)]);
  }
}

Image read_picture(
    std::string_view bytes, const std::string& name, const ImageRules& rules) {
  const auto& wanted = rules.normalization.bands;
  auto image = raster::decode_image(bytes, name, rules.max_image_bytes);
  const auto num_bands = static_cast<size_t>(image.num_bands());
  std::vector<size_t> places;
  if (num_bands == 1) {  // grey is one band, or all three of colour
    const bool is_usable =
        wanted.size() == 1 || are_all_there(wanted, {"R", "G", "B"});
    NADIR_CHECK(
        is_usable,
        "{}: a grey picture has one band, the network takes {}",
        name,
        join(wanted, ","));
    places.assign(wanted.size(), 0);
  } else {
    places = find_bands(wanted, kColorBands, name);
  }
  return take_bands(std::move(image), places);
}

Image read_tiff(
    std::string_view bytes, const std::string& name, const ImageRules& rules) {
  const auto& wanted = rules.normalization.bands;
  const auto info = raster::decode_raster_info(bytes, name);
  const auto names = data::raster_bands(info);
  std::vector<size_t> places;
  if (states_names(info) || are_all_there(wanted, names)) {
    places = find_bands(wanted, names, name);
  } else {  // nothing says what the bands are: they must be the network's
    NADIR_CHECK(
        names.size() == wanted.size(),
        "{}: the network takes the {} bands {} in this order, the file has {} "
        "and does not name them (band descriptions)",
        name,
        wanted.size(),
        join(wanted, ","),
        names.size());
    for (size_t b = 0; b < wanted.size(); ++b) {
      places.push_back(b);
    }
  }
  return take_bands(
      raster::decode_raster(bytes, name, rules.max_image_bytes), places);
}

Image read_band_tensors(
    std::string_view bytes, const std::string& name, const ImageRules& rules) {
  const data::BlobLayout layout(bytes, name);
  std::vector<std::string> names;
  for (const auto& band : layout.bands()) {
    names.push_back(data::canonical_band(band.name));
  }
  std::vector<data::BandView> views;
  int64_t height = 0;
  int64_t width = 0;
  for (const size_t place :
       find_bands(rules.normalization.bands, names, name)) {
    const auto& band = layout.bands()[place];
    views.push_back(
        {.name = band.name,
         .type = band.type,
         .height = band.height,
         .width = band.width,
         .pixels =
             reinterpret_cast<const std::byte*>(bytes.data()) + band.offset});
    height = std::max(height, band.height);
    width = std::max(width, band.width);
  }
  // A coarse band grows to the finest one's grid.
  raster::check_claimed_size(
      static_cast<int64_t>(views.size()),
      height,
      width,
      4,
      bytes.size(),
      name,
      rules.max_image_bytes);
  return data::stack_bands(views, name);
}

int64_t count_images(const NpyArray& array, const ImageRules& rules) {
  const auto& bands = rules.normalization.bands;
  const size_t dims = array.shape.size();
  const bool fits =
      dims == 2   ? bands.size() == 1
      : dims >= 3 ? array.shape[dims - 3] == static_cast<int64_t>(bands.size())
                  : false;
  NADIR_CHECK(
      fits,
      "the array has the shape ({}); the network takes [C, H, W] or "
      "[B, C, H, W] with C = {} ({})",
      fmt::join(array.shape, ", "),
      bands.size(),
      join(bands, ","));
  return dims == 4 ? array.shape[0] : 1;
}

Image read_array(
    const NpyArray& array,
    int64_t index,
    const std::string& name,
    const ImageRules& rules) {
  const size_t dims = array.shape.size();
  const int64_t num_bands = dims == 2 ? 1 : array.shape[dims - 3];
  const int64_t height = array.shape[dims - 2];
  const int64_t width = array.shape[dims - 1];
  const int64_t num_bytes =
      num_bands * height * width * raster::bytes_per_pixel(array.type);
  NADIR_CHECK(
      num_bytes <= rules.max_image_bytes,
      "{}: an image may have at most {} bytes of pixels, got {}",
      name,
      rules.max_image_bytes,
      num_bytes);
  Image image(num_bands, height, width, array.type);
  std::memcpy(
      image.bytes().data(),
      array.values + index * num_bytes,
      static_cast<size_t>(num_bytes));
  return image;
}

}  // namespace nadir::serve
