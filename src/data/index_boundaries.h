// The country of a patch by the polygons of a boundaries file.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace nadir::data {

// The country of each point (EPSG:3035): that of the ten whose polygon holds
// or is nearest to it. Throws Error{kNotFound} if the file is missing or one
// of the ten is not in it; see raster::PolygonSet for the rest.
[[nodiscard]] std::vector<std::string> countries_by_boundaries(
    const std::filesystem::path& path,
    const std::string& attribute,
    const std::vector<std::array<double, 2>>& points);

// The ten countries of BigEarthNet as Natural Earth spells them.
[[nodiscard]] const std::vector<std::string>& bigearthnet_countries();

}  // namespace nadir::data
