// Bands of unlike resolution on one grid, that of the finest band, by nearest
// neighbour.
#pragma once

#include <span>
#include <string>

#include "data/safetensors_blob.h"
#include "raster/image.h"

namespace nadir::data {

// The bands in their order as one image. All of one type keep it; mixed types
// become float32. Throws Error{kCorruptData} naming `what` if the grids do not
// divide the finest one evenly.
[[nodiscard]] raster::Image stack_bands(
    std::span<const BandView> bands, const std::string& what);

// A band of an image as a view; the image must outlive it.
[[nodiscard]] BandView view_of(
    const raster::Image& image, int64_t band, std::string_view name);

}  // namespace nadir::data
