// Large GeoTIFF scenes seen through windows on a regular grid.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "data/dataset.h"

namespace nadir::data {

// Whether these files are scenes: GeoTIFFs, the first of them at least four
// windows wide and high.
[[nodiscard]] bool are_scenes(
    const std::vector<std::filesystem::path>& files, int64_t window_px);

// Each scene gives the windows of window_px that lie in it whole, row by row,
// named "scene.tif@ROW,COL" by their first pixel. Scenes must have the same
// bands and pixel type. Throws as open_dataset() does.
[[nodiscard]] std::unique_ptr<Dataset> open_scenes(
    const std::filesystem::path& root,
    const std::vector<std::filesystem::path>& files,
    const DatasetOptions& options);

}  // namespace nadir::data
