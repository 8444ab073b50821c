// One image from bytes, in the bands that the network takes. Private to the
// room.
#pragma once

#include <string>
#include <string_view>

#include "serve/npy.h"
#include "serve/request_images.h"

namespace nadir::serve {

// PNG and JPEG are bands R,G,B or one of grey. Throws Error{kCorruptData} or
// Error{kInvalidArgument}; `name` begins the message.
[[nodiscard]] raster::Image read_picture(
    std::string_view bytes, const std::string& name, const ImageRules& rules);

// A TIFF's bands by the names it states, else by place.
[[nodiscard]] raster::Image read_tiff(
    std::string_view bytes, const std::string& name, const ImageRules& rules);

// One two-dimensional tensor a band, by name.
[[nodiscard]] raster::Image read_band_tensors(
    std::string_view bytes, const std::string& name, const ImageRules& rules);

// Image `index` of an array [H, W], [C, H, W] or [B, C, H, W].
[[nodiscard]] raster::Image read_array(
    const NpyArray& array,
    int64_t index,
    const std::string& name,
    const ImageRules& rules);

// Images in such an array. Throws Error{kInvalidArgument} where its bands are
// not as many as the network's.
[[nodiscard]] int64_t count_images(
    const NpyArray& array, const ImageRules& rules);

// Throws Error{kInvalidArgument} where pixels are not of the kind that the
// normalisation was made for, or infinite. (NaN is a missing pixel.)
void check_pixels(
    const raster::Image& image,
    const std::string& name,
    const data::Normalization& normalization);

}  // namespace nadir::serve
