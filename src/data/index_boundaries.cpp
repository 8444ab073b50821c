#include "data/index_boundaries.h"

#include "raster/polygon_set.h"
#include "raster/projection.h"

namespace nadir::data {

const std::vector<std::string>& bigearthnet_countries() {
  static const std::vector<std::string> names = {
      "Austria",
      "Belgium",
      "Finland",
      "Ireland",
      "Kosovo",
      "Lithuania",
      "Luxembourg",
      "Portugal",
      "Serbia",
      "Switzerland"};
  return names;
}

std::vector<std::string> countries_by_boundaries(
    const std::filesystem::path& path,
    const std::string& attribute,
    const std::vector<std::array<double, 2>>& points) {
  raster::PolygonSet polygons(path, attribute, raster::kIndexCrs);
  polygons.keep(bigearthnet_countries());
  std::vector<std::string> countries;
  countries.reserve(points.size());
  for (const auto& point : points) {
    countries.push_back(polygons.nearest(point[0], point[1]));
  }
  return countries;
}

}  // namespace nadir::data
