#include "raster/geopackage.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "raster/polygon_set.h"

namespace nadir::raster {
namespace {

// A square with its lower left corner at (x, y).
std::string square_wkb(double x, double y, double side) {
  std::string wkb;
  const auto put = [&](const auto& value) {
    wkb.append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  put(uint8_t{1});
  put(uint32_t{3});
  put(uint32_t{1});
  put(uint32_t{5});
  for (const auto& [right, up] :
       {std::pair{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}}) {
    put(x + right * side);
    put(y + up * side);
  }
  return wkb;
}

PolygonLayer two_squares() {
  PolygonLayer layer;
  layer.name = "squares";
  layer.crs = "EPSG:3035";
  layer.wkb = {
      square_wkb(4'321'000, 3'210'000, 1000),
      square_wkb(4'400'000, 3'300'000, 1000)};
  layer.columns = {
      {"NAME", std::vector<std::string>{"first, \"one\"", "Füssen"}},
      {"score", std::vector<double>{0.25, 1e-9}}};
  layer.description = "{\"of\": \"tests\"}";
  return layer;
}

TEST(Geopackage, HoldsPolygonsThatAreFoundAgainByPlaceAndName) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "squares.gpkg";
  std::ofstream(path) << "an older file";
  write_geopackage(path, two_squares());
  EXPECT_EQ(read_file(path).substr(0, 15), "SQLite format 3");
  const PolygonSet found(path, "NAME", "EPSG:3035");
  EXPECT_EQ(found.nearest(4'321'500, 3'210'500), "first, \"one\"");
  EXPECT_EQ(found.nearest(4'400'500, 3'300'500), "Füssen");
}

TEST(Geopackage, RefusesColumnsOfAnotherLength) {
  const TemporaryFolder folder;
  auto layer = two_squares();
  layer.columns.push_back({"short", std::vector<double>{1}});
  EXPECT_THROW(write_geopackage(folder.path() / "x.gpkg", layer), Error);
}

TEST(Geopackage, LeavesWhatWasThereWhereItCannotBeWritten) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.gpkg";
  std::ofstream(path) << "older";
  auto layer = two_squares();
  layer.columns.push_back({"fid", std::vector<std::string>{"a", "b"}});
  layer.wkb[1] = "no polygon";
  EXPECT_THROW(write_geopackage(path, layer), Error);
  EXPECT_EQ(read_file(path), "older");
}

}  // namespace
}  // namespace nadir::raster
