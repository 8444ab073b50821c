// GeoPackage files (OGC 12-128r17) through GDAL: what QGIS and geopandas open.
#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace nadir::raster {

// An attribute of every feature.
struct AttributeColumn {
  std::string name;
  std::variant<std::vector<std::string>, std::vector<double>> values;
};

// A layer of polygons.
struct PolygonLayer {
  std::string name;              // of the layer
  std::string crs;               // WKT or "EPSG:3035"
  std::vector<std::string> wkb;  // a polygon a feature
  std::vector<AttributeColumn> columns;
  std::string description;  // of the layer, for people and programs
};

// Replaces `path`, atomically. Throws Error{kInvalidArgument} where a column
// has not one value a polygon, and Error{kIo} with what GDAL says.
void write_geopackage(
    const std::filesystem::path& path, const PolygonLayer& layer);

}  // namespace nadir::raster
