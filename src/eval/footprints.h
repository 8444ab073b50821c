// Footprints of images in tables and GeoJSON.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "table/parquet.h"

namespace nadir::eval {

using Ring = std::vector<std::array<double, 2>>;

// The outer ring of a WKB polygon of either byte order. Throws
// Error{kCorruptData} for anything else.
[[nodiscard]] Ring read_wkb_ring(const std::string& wkb);

// The rings of these images in degrees (longitude, latitude, WGS 84); nothing
// for an image without footprint or outside the projection's domain.
[[nodiscard]] std::vector<std::optional<Ring>> lon_lat_rings(
    const data::Dataset& dataset, const std::vector<int64_t>& indices);

// Adds a column "geometry" and returns GeoParquet's metadata, if every one of
// the images has a footprint; else leaves `table` alone and returns nothing.
[[nodiscard]] table::Metadata add_geometry(
    const data::Dataset& dataset,
    const std::vector<int64_t>& indices,
    table::Table& table);

}  // namespace nadir::eval
