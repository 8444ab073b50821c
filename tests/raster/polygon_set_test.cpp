#include "raster/polygon_set.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "raster/sample_images.h"

namespace nadir::raster {
namespace {

// Two squares of ten kilometres beside a gap, in UTM 33N as GeoJSON.
constexpr char kTwoSquares[] = R"({
  "type": "FeatureCollection",
  "crs": {"type": "name", "properties": {"name": "EPSG:32633"}},
  "features": [
    {"type": "Feature", "properties": {"NAME": "West"},
     "geometry": {"type": "Polygon", "coordinates": [[[400000, 5300000],
       [410000, 5300000], [410000, 5310000], [400000, 5310000],
       [400000, 5300000]]]}},
    {"type": "Feature", "properties": {"NAME": "East"},
     "geometry": {"type": "MultiPolygon", "coordinates": [[[[420000, 5300000],
       [430000, 5300000], [430000, 5310000], [420000, 5310000],
       [420000, 5300000]]]]}}]})";

class PolygonSetFile : public ::testing::Test {
 protected:
  PolygonSetFile() { write_file(path_, kTwoSquares); }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "countries.geojson";
};

TEST_F(PolygonSetFile, FindsTheHolderOrElseTheNearest) {
  const PolygonSet polygons(path_, "NAME", "EPSG:32633");
  EXPECT_EQ(polygons.size(), 2);
  EXPECT_EQ(polygons.nearest(405000, 5305000), "West");
  EXPECT_EQ(polygons.nearest(425000, 5305000), "East");
  EXPECT_EQ(polygons.nearest(414000, 5305000), "West");
  EXPECT_EQ(polygons.nearest(416000, 5305000), "East");
  EXPECT_EQ(polygons.nearest(-1e6, 0), "West");
}

TEST_F(PolygonSetFile, BringsPolygonsToTheWantedProjection) {
  const PolygonSet polygons(path_, "NAME", "EPSG:4326");
  EXPECT_EQ(polygons.nearest(13.7, 47.9), "West");
  EXPECT_EQ(polygons.nearest(14.1, 47.9), "East");
}

TEST_F(PolygonSetFile, KeepsOnlyTheNamedPolygons) {
  PolygonSet polygons(path_, "NAME", "EPSG:32633");
  std::string message;
  EXPECT_EQ(
      error_of(
          [&] {
            polygons.keep({"East", "North"});
          },
          &message),
      ErrorCode::kNotFound);
  EXPECT_NE(message.find("North"), std::string::npos);
  EXPECT_EQ(polygons.nearest(405000, 5305000), "East");
}

TEST_F(PolygonSetFile, NamesTheAttributesThereAre) {
  std::string message;
  EXPECT_EQ(
      error_of([&] { PolygonSet(path_, "ISO", "EPSG:3035"); }, &message),
      ErrorCode::kInvalidArgument);
  EXPECT_NE(message.find("NAME"), std::string::npos);
}

TEST_F(PolygonSetFile, RefusesFilesWithoutPolygons) {
  EXPECT_EQ(
      error_of([&] { PolygonSet(folder_.path() / "no", "NAME", "EPSG:3035"); }),
      ErrorCode::kNotFound);
  write_file(path_, "not a vector file");
  EXPECT_EQ(
      error_of([&] { PolygonSet(path_, "NAME", "EPSG:3035"); }),
      ErrorCode::kCorruptData);
}

}  // namespace
}  // namespace nadir::raster
