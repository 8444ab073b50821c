// The probe's training view: a random resized crop with a horizontal flip, as
// the reference's eval_linear draws it, but resized bicubically like every
// other view here.
#pragma once

#include <span>

#include "core/random.h"
#include "raster/image.h"

namespace nadir::eval {

// Writes the view as float32 [num_bands, crop_px, crop_px] to `out`: area
// U(0.08, 1) of the tile, ratio 3/4 to 4/3, flipped half of the time, then
// (u - mean) / std per band.
void make_random_view(
    const raster::Image& tile,
    int64_t crop_px,
    std::span<const double> mean,
    std::span<const double> std,
    RandomStream& random,
    std::span<float> out);

}  // namespace nadir::eval
