#include "scene/scene.h"

#include <limits>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "raster/sample_images.h"
#include "scene/scene_files.h"
#include "scene/strip_cache.h"

namespace nadir::scene {
namespace {

using raster::error_of;
using raster::Image;
using raster::PixelType;

class SceneTest : public testing::Test {
 protected:
  [[nodiscard]] SceneOptions options(const Image& image) const {
    SceneOptions options;
    options.path = write_scene(folder_.path() / "s.tif", image);
    return options;
  }

  const TemporaryFolder folder_;
};

TEST_F(SceneTest, ReadsTheBandsThatAreWantedByName) {
  auto one = options(raster::counting_image<uint16_t>(4, 5, 6));
  one.band_names = {"B02", "B03", "b04", "B8"};
  one.bands = {"B08", "B04"};
  const Scene scene(one);
  EXPECT_EQ(scene.bands(), (std::vector<std::string>{"B08", "B04"}));
  EXPECT_EQ(scene.places(), (std::vector<int>{3, 2}));
  std::string message;
  one.bands = {"B11"};
  EXPECT_EQ(
      error_of([&] { const Scene bad(one); }, &message),
      ErrorCode::kInvalidArgument);
  EXPECT_NE(message.find("B11"), std::string::npos) << message;
  one.band_names = {"B02"};
  EXPECT_EQ(
      error_of([&] { const Scene bad(one); }, &message),
      ErrorCode::kInvalidArgument);
  EXPECT_NE(message.find("all 4 bands"), std::string::npos) << message;
}

TEST_F(SceneTest, RefusesWhatIsNoScene) {
  SceneOptions one;
  one.path = (folder_.path() / "missing.tif").string();
  EXPECT_EQ(error_of([&] { const Scene bad(one); }), ErrorCode::kNotFound);
  one.path = (folder_.path() / "text.tif").string();
  write_file(one.path, "no image");
  EXPECT_EQ(error_of([&] { const Scene bad(one); }), ErrorCode::kCorruptData);
}

TEST_F(SceneTest, AFileThatOnlyCallsItselfATiffIsNotReadAsAVrt) {
  const auto inner = options(noise_image(5, 6)).path;
  const std::string vrt =
      "<VRTDataset rasterXSize='6' rasterYSize='5'><VRTRasterBand "
      "dataType='Byte' band='1'><SimpleSource><SourceFilename>" +
      inner +
      "</SourceFilename><SourceBand>2</SourceBand></SimpleSource>"
      "</VRTRasterBand></VRTDataset>";
  SceneOptions one;
  one.path = (folder_.path() / "a.tif").string();
  write_file(one.path, vrt);
  EXPECT_EQ(error_of([&] { const Scene bad(one); }), ErrorCode::kCorruptData);
  one.path = (folder_.path() / "a.vrt").string();
  write_file(one.path, vrt);
  const Scene scene(one);
  EXPECT_EQ(scene.info().num_bands, 1);
  Image rows(1, 5, 6, PixelType::kUint8);
  raster::SceneReader(one.path).read_rows(0, 5, scene.places(), 0, rows);
  EXPECT_EQ(rows.band<uint8_t>(0)[7], noise_image(5, 6).band<uint8_t>(1)[7]);
}

TEST_F(SceneTest, AnAlphaBandIsTheMaskAndNoBandToRead) {
  auto image = noise_image(30, 20);
  const auto inner = options(image).path;
  std::string vrt = "<VRTDataset rasterXSize='20' rasterYSize='30'>";
  int band = 0;
  for (const char* colour : {"Red", "Green", "Blue", "Alpha"}) {
    // Alpha is the second band again: from 1 on a pixel counts.
    vrt += fmt::format(
        "<VRTRasterBand dataType='Byte' band='{}'><ColorInterp>{}"
        "</ColorInterp><SimpleSource><SourceFilename>{}</SourceFilename>"
        "<SourceBand>{}</SourceBand></SimpleSource></VRTRasterBand>",
        band + 1,
        colour,
        inner,
        band == 3 ? 2 : band + 1);
    ++band;
  }
  SceneOptions one;
  one.path = (folder_.path() / "alpha.vrt").string();
  write_file(one.path, vrt + "</VRTDataset>");
  // A transparent rectangle.
  const auto green = image.band<uint8_t>(1);
  for (int64_t row = 12; row < 15; ++row) {
    std::fill_n(green.begin() + row * 20 + 3, 4, uint8_t{0});
  }
  write_scene(inner, image);
  const Scene scene(one);
  EXPECT_EQ(scene.bands(), (std::vector<std::string>{"R", "G", "B"}));
  ASSERT_TRUE(scene.has_mask());
  const WindowPlan plan = {Axis(30, 10, 10, 10), Axis(20, 10, 10, 10)};
  StripCache strips(scene, plan, 2, 1);
  const auto strip = strips.strip(1);
  const auto valid = valid_pixels(scene, strip->pixels, &*strip->mask);
  for (int64_t i = 0; i < 200; ++i) {
    const bool is_hole = i / 20 >= 2 && i / 20 < 5 && i % 20 >= 3 && i % 20 < 7;
    EXPECT_EQ(valid[i] == 0, is_hole) << i;
  }
}

TEST_F(SceneTest, ReadsThroughFileSystemsOfGdals) {
  const auto file = options(noise_image(5, 6)).path;
  SceneOptions one;
  one.path = fmt::format(
      "/vsisubfile/0_{},{}", std::filesystem::file_size(file), file);
  EXPECT_EQ(Scene(one).info().width, 6);
  one.path = "/vsisubfile/0_10,/nowhere.tif";
  EXPECT_EQ(error_of([&] { const Scene bad(one); }), ErrorCode::kNotFound);
}

TEST_F(SceneTest, PixelsAreNodataWhereAllBandsAre) {
  Image image(2, 1, 4, PixelType::kInt16);
  const std::vector<int16_t> first = {-9999, -9999, 5, 7};
  const std::vector<int16_t> second = {-9999, 3, -9999, 7};
  std::copy(first.begin(), first.end(), image.band<int16_t>(0).begin());
  std::copy(second.begin(), second.end(), image.band<int16_t>(1).begin());
  auto one = options(image);
  using Valid = std::vector<uint8_t>;
  const auto valid = [&](const std::string& nodata) {
    one.nodata = nodata;
    return valid_pixels(Scene(one), image, nullptr);
  };
  EXPECT_EQ(valid("-9999"), (Valid{0, 1, 1, 1}));
  EXPECT_EQ(valid("7"), (Valid{1, 1, 1, 0}));
  EXPECT_EQ(valid("none"), (Valid{1, 1, 1, 1}));
  EXPECT_EQ(valid("7.5"), (Valid{1, 1, 1, 1}));
  EXPECT_EQ(valid("1e9"), (Valid{1, 1, 1, 1}));
  std::string message;
  EXPECT_EQ(
      error_of([&] { (void)valid("7x"); }, &message),
      ErrorCode::kInvalidArgument);
  EXPECT_NE(message.find("'7x'"), std::string::npos) << message;
}

TEST_F(SceneTest, PixelsThatAreNotFiniteOrMaskedAreNotValid) {
  Image image(1, 1, 4, PixelType::kFloat32);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> values = {
      1, nan, std::numeric_limits<float>::infinity(), 3};
  std::copy(values.begin(), values.end(), image.band<float>(0).begin());
  Image mask(1, 1, 4, PixelType::kUint8);
  std::fill(
      mask.band<uint8_t>(0).begin(), mask.band<uint8_t>(0).end(), uint8_t{255});
  mask.band<uint8_t>(0)[3] = 0;
  const Scene scene(options(image));
  const auto valid = valid_pixels(scene, image, &mask);
  EXPECT_EQ(valid, (std::vector<uint8_t>{1, 0, 0, 0}));
  fill_invalid(valid, image);
  for (const float value : image.band<float>(0)) {
    EXPECT_EQ(value, 1);
  }
}

TEST_F(SceneTest, RefusesASecondDateOnAnotherGrid) {
  const auto first = options(noise_image(20, 30));
  const auto refused = [&](const Image& image,
                           const raster::Georeference& grid,
                           const std::string& what) {
    SceneOptions other;
    other.path = (folder_.path() / "other.tif").string();
    raster::write_geotiff(other.path, image, grid);
    std::string message;
    const auto error = error_of(
        [&] { check_same_grid(Scene(first), Scene(other)); }, &message);
    EXPECT_EQ(error, ErrorCode::kInvalidArgument) << what;
    EXPECT_NE(message.find(what), std::string::npos) << message;
    EXPECT_NE(message.find("s.tif"), std::string::npos) << message;
    EXPECT_NE(message.find("other.tif"), std::string::npos) << message;
  };
  refused(noise_image(20, 31), utm_grid(), "size");
  auto grid = utm_grid();
  grid.crs = "EPSG:32634";
  refused(noise_image(20, 30), grid, "projection");
  grid = utm_grid();
  grid.transform[0] += 5;
  refused(noise_image(20, 30), grid, "the place of their pixels");
  refused(raster::counting_image<uint8_t>(2, 20, 30), utm_grid(), "bands");
  SceneOptions same = first;
  EXPECT_FALSE(error_of([&] {
                 check_same_grid(Scene(first), Scene(same));
               }).has_value());
}

TEST_F(SceneTest, StripsAreTheRowsOfTheirWindowsInWhateverOrder) {
  const auto image = noise_image(47, 23);
  const Scene scene(options(image));
  const WindowPlan plan = {Axis(47, 10, 4, 4), Axis(23, 10, 10, 10)};
  StripCache strips(scene, plan, plan.rows.num_windows() - 1, 1);
  std::vector<int64_t> order;
  for (int64_t row = 0; row < plan.rows.num_windows(); ++row) {
    order.push_back(row);
  }
  order.insert(order.end(), {2, 9, 0, 10});
  for (const int64_t row : order) {
    const auto strip = strips.strip(row);
    ASSERT_EQ(strip->first_row, plan.rows.start(row));
    const auto window = cut_columns(strip->pixels, 13, 10);
    for (int64_t band = 0; band < 3; ++band) {
      for (int64_t y = 0; y < 10; ++y) {
        for (int64_t x = 0; x < 10; ++x) {
          ASSERT_EQ(
              window.band<uint8_t>(band)[y * 10 + x],
              image.band<uint8_t>(band)[(strip->first_row + y) * 23 + 13 + x]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace nadir::scene
