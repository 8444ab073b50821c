// Segmentation to be looked at: images, masks, what a head makes of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/segment_data.h"
#include "raster/image.h"

namespace nadir::eval {

// A row an image: the image, its mask, the prediction, and the image in grey
// with errors in red; the classes' colours below. `max_images` of the set,
// evenly spread.
[[nodiscard]] raster::Image segment_sheet(
    const MaskedImages& set,
    std::span<const Mask> masks,
    std::span<const std::vector<uint8_t>> predictions,
    const std::vector<MaskClass>& classes,
    int64_t max_images);

}  // namespace nadir::eval
