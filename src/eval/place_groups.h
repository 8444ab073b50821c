// Which images of a dataset show the same place.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace nadir::eval {

// A number for each image, equal where footprints overlap, be it by way of
// others. Footprints are those of the images' GeoTIFF files; an image without
// one, or in another CRS, stands alone. Touching is not overlapping. Reads the
// headers of all files.
[[nodiscard]] std::vector<int64_t> place_groups(const data::Dataset& dataset);

}  // namespace nadir::eval
