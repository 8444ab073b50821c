#include "eval/prediction.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "eval/fake_dataset.h"
#include "eval/feature_file.h"
#include "eval/footprints.h"
#include "table/parquet.h"

namespace nadir::eval {
namespace {

// A square of 1 km in UTM zone 32 N on the central meridian, 9 degrees east.
std::string square_wkb() {
  std::string wkb("\x01\x03\x00\x00\x00\x01\x00\x00\x00\x05\x00\x00\x00", 13);
  for (const auto& [x, y] : std::vector<std::pair<double, double>>{
           {500000, 5300000},
           {501000, 5300000},
           {501000, 5301000},
           {500000, 5301000},
           {500000, 5300000}}) {
    wkb.append(reinterpret_cast<const char*>(&x), 8);
    wkb.append(reinterpret_cast<const char*>(&y), 8);
  }
  return wkb;
}

Predictions some_predictions(bool has_footprints) {
  auto dataset = std::make_shared<FakeDataset>(2, true, false);
  if (has_footprints) {
    dataset->footprint_ = square_wkb();
  }
  Predictions predictions;
  predictions.images = unlabelled_images(dataset, "", 0);
  predictions.class_names = {"red", "green, or not", "blue"};
  predictions.probability_NC =
      at::tensor({0.75F, 0.5F, 0.0F, 0.25F, 0.0F, 1.0F}).view({2, 3});
  predictions.labels = {{"red", "green, or not"}, {"blue"}};
  return predictions;
}

TEST(Predictions, AreWrittenAsCsvWithAColumnForEachClass) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "labels.csv";
  write_predictions(some_predictions(false), path);
  EXPECT_EQ(
      read_file(path),
      "name,labels,red,\"green, or not\",blue\n"
      "image0,\"red|green, or not\",0.75,0.5,0\n"
      "image1,blue,0.25,0,1\n");
}

TEST(Predictions, AreWrittenAsParquetWithFootprints) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "labels.parquet";
  write_predictions(some_predictions(true), path);
  const auto table = table::read_parquet(path);
  EXPECT_EQ(
      table.get<table::NumberColumn>("blue"), (table::NumberColumn{0, 1}));
  EXPECT_EQ(table.get<table::BytesColumn>("geometry").rows[0], square_wkb());
  EXPECT_TRUE(table::read_parquet_metadata(path).contains("geo"));
}

TEST(Footprints, KnowTheProjectionThatGeoParquetNames) {
  table::Table table;
  auto dataset = std::make_shared<FakeDataset>(2, true, false);
  dataset->footprint_ = square_wkb();
  const auto metadata = add_geometry(*dataset, {0, 1}, table);
  const auto rings = lon_lat_rings({square_wkb(), ""}, geo_crs(metadata));
  ASSERT_TRUE(rings[0].has_value());
  EXPECT_NEAR((*rings[0])[0][0], 9, 1e-9);
  EXPECT_FALSE(rings[1].has_value());
  EXPECT_EQ(geo_crs({}), "");
  EXPECT_EQ(geo_crs({{"geo", "no JSON"}}), "");
  EXPECT_EQ(geo_crs({{"geo", R"({"columns":{"geometry":{"crs":null}}})"}}), "");
  EXPECT_EQ(geo_crs({{"geo", R"({"columns":{"geometry":{}}})"}}), "EPSG:4326");
}

TEST(Predictions, AreWrittenAsGeoJsonInDegrees) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "labels.geojson";
  write_predictions(some_predictions(true), path);
  const auto json = parse_json(read_file(path));
  const auto& feature = json["features"][0];
  EXPECT_EQ(feature["properties"]["labels"][0], "red");
  EXPECT_EQ(feature["properties"]["green, or not"], 0.5);
  const auto& corner = feature["geometry"]["coordinates"][0][0];
  EXPECT_NEAR(corner[0].get<double>(), 9.0, 1e-9);
  EXPECT_NEAR(corner[1].get<double>(), 47.85, 0.01);
}

// Two columns of one name make a Parquet file that readers refuse.
TEST(Predictions, RenameClassesThatAreCalledAsAColumn) {
  const TemporaryFolder folder;
  auto predictions = some_predictions(false);
  predictions.class_names = {"name", "labels", "geometry"};
  const auto path = folder.path() / "labels.parquet";
  write_predictions(predictions, path);
  const auto table = table::read_parquet(path);
  EXPECT_EQ(
      table.get<table::NumberColumn>("class name"),
      (table::NumberColumn{0.75, 0.25}));
}

TEST(Predictions, RefuseGeoJsonWithoutFootprintsAndOtherExtensions) {
  const TemporaryFolder folder;
  EXPECT_THROW(
      write_predictions(
          some_predictions(false), folder.path() / "labels.geojson"),
      Error);
  EXPECT_THROW(
      write_predictions(some_predictions(false), folder.path() / "labels.xls"),
      Error);
}

TEST(Footprints, RefuseBytesThatAreNoPolygon) {
  EXPECT_THROW((void)read_wkb_ring(""), Error);
  EXPECT_THROW((void)read_wkb_ring(square_wkb().substr(0, 40)), Error);
  auto point = square_wkb();
  point[1] = 1;
  EXPECT_THROW((void)read_wkb_ring(point), Error);
}

TEST(Features, AreWrittenAsNumpysFormat) {
  const auto bytes = npy_bytes(at::tensor({1.0F, 2.0F}).view({1, 2}));
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ((bytes.size() - 8) % 64, 0U);
  EXPECT_NE(bytes.find("'shape': (1, 2)"), std::string::npos);
  float last = 0;
  std::memcpy(&last, bytes.data() + bytes.size() - 4, 4);
  EXPECT_EQ(last, 2.0F);
}

}  // namespace
}  // namespace nadir::eval
