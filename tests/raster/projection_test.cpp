#include "raster/projection.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "raster/sample_images.h"

namespace nadir::raster {
namespace {

// The patch S2A_MSIL2A_20170613T101031_87_48, whose corners in EPSG:3035 are
// the published check value of the index (docs/formats/index.md).
TEST(Transformer, GivesThePublishedCornersOfARealPatch) {
  const Transformer transformer("EPSG:32633", kIndexCrs);
  std::vector<double> x = {405600, 405600, 404400, 404400};
  std::vector<double> y = {5341200, 5342400, 5342400, 5341200};
  ASSERT_TRUE(transformer.transform(x, y));
  const double wanted_x[] = {
      4598116.704014, 4598037.799182, 4596839.783738, 4596918.684634};
  const double wanted_y[] = {
      2796272.943308, 2797470.329554, 2797389.891143, 2796192.510218};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(x[i], wanted_x[i], 1e-6);
    EXPECT_NEAR(y[i], wanted_y[i], 1e-6);
  }
}

TEST(Transformer, TakesEastingFirstWhateverTheDefinitionSays) {
  const Transformer to_degrees("EPSG:32633", "EPSG:4326");
  std::vector<double> x = {500000};
  std::vector<double> y = {5300000};
  ASSERT_TRUE(to_degrees.transform(x, y));
  EXPECT_NEAR(x[0], 15.0, 1e-9);  // the central meridian of zone 33
  EXPECT_NEAR(y[0], 47.85, 0.01);
}

TEST(Transformer, ComesBackToWithinAMillimetre) {
  const Transformer there("EPSG:32633", kIndexCrs);
  const Transformer back(kIndexCrs, "EPSG:32633");
  std::vector<double> x = {404400, 405600};
  std::vector<double> y = {5342400, 5341200};
  ASSERT_TRUE(there.transform(x, y));
  ASSERT_TRUE(back.transform(x, y));
  EXPECT_NEAR(x[0], 404400, 1e-3);
  EXPECT_NEAR(y[1], 5341200, 1e-3);
}

TEST(Transformer, ReportsPointsWithoutAnImage) {
  const Transformer transformer("EPSG:4326", "EPSG:32633");
  std::vector<double> x = {15, 500};
  std::vector<double> y = {48, 1e9};
  EXPECT_FALSE(transformer.transform(x, y));
}

TEST(Transformer, RefusesUnknownProjections) {
  EXPECT_EQ(
      error_of([] { Transformer("PROJCS[nonsense", kIndexCrs); }),
      ErrorCode::kInvalidArgument);
}

// A patch's JSON states its projection: the text must not make GDAL read a
// file or ask a server.
TEST(Transformer, LooksUpNoFileAndNoAddress) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "crs.wkt";
  write_file(path, "EPSG:32633");
  for (const std::string& crs :
       {path.string(),
        "file://" + path.string(),
        std::string("http://127.0.0.1:1/crs")}) {
    EXPECT_EQ(
        error_of([&] { Transformer(crs, kIndexCrs); }),
        ErrorCode::kInvalidArgument)
        << crs;
  }
}

TEST(TransformerCache, MakesEachTransformerOnce) {
  TransformerCache cache(kIndexCrs);
  EXPECT_EQ(&cache.from("EPSG:32633"), &cache.from("EPSG:32633"));
  EXPECT_NE(&cache.from("EPSG:32633"), &cache.from("EPSG:32634"));
}

TEST(Projjson, NamesTheProjection) {
  const std::string json = projjson(kIndexCrs);
  EXPECT_NE(json.find("ETRS89-extended / LAEA Europe"), std::string::npos);
  EXPECT_NE(json.find("\"code\": 3035"), std::string::npos);
}

}  // namespace
}  // namespace nadir::raster
