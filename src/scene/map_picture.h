// A look at a scene beside its maps, as one picture.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "raster/image.h"
#include "scene/scene.h"

namespace nadir::scene {

// The scene in its visible colours; of the maps that are in `folder` the
// likeliest class of each cell, with a legend and each class's share of the
// cells; the first three components as colours; the change, dark where there
// is least. Cells without data are grey. Large maps are reduced to about
// `side_px` pixels. Throws what reading the files throws.
[[nodiscard]] raster::Image map_picture(
    const Scene& scene,
    const std::vector<std::string>& class_names,
    const std::filesystem::path& folder,
    int64_t side_px);

}  // namespace nadir::scene
