#include "data/scene_window.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "raster/geotiff.h"
#include "raster/projection.h"

namespace nadir::data {
namespace {

constexpr int64_t kSceneHeight = 40;
constexpr int64_t kSceneWidth = 60;

// Pixel (row, col) of band b holds 10000 b + 100 row + col; 10 m pixels in
// UTM 33N.
std::string write_scene(
    const std::filesystem::path& path, int64_t num_bands, bool has_place) {
  raster::Image image(
      num_bands, kSceneHeight, kSceneWidth, raster::PixelType::kUint16);
  for (int64_t b = 0; b < num_bands; ++b) {
    auto pixels = image.band<uint16_t>(b);
    for (int64_t i = 0; i < kSceneHeight * kSceneWidth; ++i) {
      pixels[static_cast<size_t>(i)] = static_cast<uint16_t>(
          10000 * b + 100 * (i / kSceneWidth) + i % kSceneWidth);
    }
  }
  raster::Georeference grid;
  if (has_place) {
    grid = {"EPSG:32633", {500000, 10, 0, 5400000, 0, -10}};
  }
  raster::write_geotiff(path, image, grid);
  return path.string();
}

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(SceneWindow, IsReadFromWhatTheUserWrote) {
  const auto window = parse_window("a@b/scene.tif@3,4,20,30");
  EXPECT_EQ(window.scene, "a@b/scene.tif");
  EXPECT_FALSE(window.is_whole);
  EXPECT_EQ(window.row, 3);
  EXPECT_EQ(window.col, 4);
  EXPECT_EQ(window.height, 20);
  EXPECT_EQ(window.width, 30);
  EXPECT_TRUE(parse_window("picture.png").is_whole);
  for (const char* bad :
       {"s.tif@",
        "s.tif@1,2,3",
        "s.tif@1,2,3,4,5",
        "s.tif@1,2,3,x",
        "s.tif@1,2,3,4 ",
        "@1,2,3,4",
        "s.tif@1.5,2,3,4"}) {
    EXPECT_NE(
        message_of([&] {
          static_cast<void>(parse_window(bad));
        }).find("ROW,COL,HEIGHT,WIDTH"),
        std::string::npos)
        << bad;
  }
}

TEST(SceneWindow, GivesItsPixelsOfTheBandsByName) {
  const TemporaryFolder folder;
  const auto scene = write_scene(folder.path() / "s.tif", 3, true);
  const auto dataset = open_windows(
      {parse_window(scene + "@5,7,4,6"), parse_window(scene)}, {"B", "R"});
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->name(0), scene + "@5,7,4,6");
  const auto image = dataset->read(0);
  EXPECT_EQ(image.height(), 4);
  EXPECT_EQ(image.width(), 6);
  EXPECT_EQ(image.band<uint16_t>(0)[0], 20507);
  EXPECT_EQ(image.band<uint16_t>(1)[6 + 1], 608);
  EXPECT_EQ(dataset->read(1).width(), kSceneWidth);
  EXPECT_THROW(
      static_cast<void>(open_windows({parse_window(scene)}, {"B8A"})), Error);
}

TEST(SceneWindow, LiesAroundAPlace) {
  const TemporaryFolder folder;
  const auto scene = write_scene(folder.path() / "s.tif", 1, true);
  // The middle of pixel (20, 30).
  std::array<double, 1> x = {500305};
  std::array<double, 1> y = {5399795};
  ASSERT_TRUE(raster::Transformer("EPSG:32633", "EPSG:4326").transform(x, y));
  const auto place =
      parse_place(fmt::format("{}@{:.8f},{:.8f},11", scene, x[0], y[0]));
  EXPECT_EQ(place.scene, scene);
  const auto window = window_at(place);
  EXPECT_EQ(window.row, 15);
  EXPECT_EQ(window.col, 25);
  EXPECT_EQ(window.height, 11);
  const auto image = open_windows({window}, {})->read(0);
  EXPECT_EQ(image.band<uint16_t>(0)[5 * 11 + 5], 2030);
}

TEST(SceneWindow, RefusesPlacesThatAreNone) {
  const TemporaryFolder folder;
  const auto scene = write_scene(folder.path() / "s.tif", 1, true);
  for (const char* bad : {"@1,2", "@1,2,3,4", "@1,x,3", "@1,2,0", "@1,2,2.5"}) {
    EXPECT_THROW(static_cast<void>(parse_place(scene + bad)), Error) << bad;
  }
  const auto refuses = [](const ScenePlace& place) {
    return message_of([&] { static_cast<void>(window_at(place)); });
  };
  EXPECT_NE(
      refuses({"far", scene, -100, 10, 5}).find("far"), std::string::npos);
  const auto nowhere = write_scene(folder.path() / "n.tif", 1, false);
  EXPECT_NE(
      refuses({"x", nowhere, 15, 48, 5}).find("where it lies"),
      std::string::npos);
}

TEST(SceneWindow, MustLieInItsScene) {
  const TemporaryFolder folder;
  const auto scene = write_scene(folder.path() / "s.tif", 1, true);
  for (const char* bad :
       {"@-1,0,5,5",
        "@36,0,5,5",
        "@0,56,5,5",
        "@0,0,0,5",
        "@0,0,41,1",
        "@9223372036854775807,0,5,5"}) {
    const auto message = message_of([&] {
      static_cast<void>(open_windows({parse_window(scene + bad)}, {}));
    });
    EXPECT_NE(message.find("do not lie in the scene"), std::string::npos)
        << bad;
  }
}

}  // namespace
}  // namespace nadir::data
