// Footprints of images in tables and GeoJSON.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

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

// The same of WKB polygons in the projection `crs`, WKT, PROJJSON or "EPSG:n";
// nothing for an empty one, or where `crs` is empty.
[[nodiscard]] std::vector<std::optional<Ring>> lon_lat_rings(
    const std::vector<std::string>& wkbs, const std::string& crs);

// The projection of a GeoParquet file's footprints, from its metadata; "" where
// there are none, or their projection is not known.
[[nodiscard]] std::string geo_crs(const table::Metadata& metadata);

// A feature of GeoJSON: a polygon in degrees, to 8 decimals.
[[nodiscard]] nlohmann::ordered_json polygon_feature(
    nlohmann::ordered_json properties, const Ring& ring);

// `value` to the nearest of `per_unit` steps, so that text is short.
[[nodiscard]] double rounded(double value, double per_unit);

// Adds a column "geometry" and returns GeoParquet's metadata, if every one of
// the images has a footprint; else leaves `table` alone and returns nothing.
[[nodiscard]] table::Metadata add_geometry(
    const data::Dataset& dataset,
    const std::vector<int64_t>& indices,
    table::Table& table);

}  // namespace nadir::eval
