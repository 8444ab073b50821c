#include <cmath>

#include <gtest/gtest.h>

#include "augment/resize.h"
#include "augment/tiles.h"
#include "augment/view_maker.h"
#include "core/error.h"

namespace nadir::augment {
namespace {

const std::vector<double> kZero = {0};
const std::vector<double> kOne = {1};

std::vector<float> test_view(
    const raster::Image& tile, int64_t resize_px, int64_t crop_px) {
  std::vector<float> out(static_cast<size_t>(crop_px * crop_px));
  make_test_view(tile, resize_px, crop_px, kZero, kOne, out);
  return out;
}

TEST(TestView, IsTheCentreOfTheResizedImage) {
  const raster::Image tile = random_tile(1, 50, 73);
  // Short side 50 -> 64, long side int(64 * 73 / 50) = 93; crop 48 from
  // row 8 and column round(22.5) = 22, half to even.
  Scratch& scratch = thread_scratch();
  set_taps(scratch, {50, 64, 0, 64}, {73, 93, 0, 93});
  std::vector<uint8_t> whole(64 * 93);
  resize_plane(
      tile.band<uint8_t>(0).data(), 73, {0, 0, 50, 73}, scratch, whole.data());
  const auto view = test_view(tile, 64, 48);
  for (size_t r = 0; r < 48; ++r) {
    for (size_t c = 0; c < 48; ++c) {
      ASSERT_NEAR(view[r * 48 + c] * 255, whole[(r + 8) * 93 + c + 22], 1e-4);
    }
  }
}

TEST(TestView, ResizesTheWholeImageWhenAsked) {
  raster::Image tile(1, 10, 40, raster::PixelType::kUint8);
  auto pixels = tile.band<uint8_t>(0);
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = i % 40 < 20 ? 0 : 255;  // left black, right white
  }
  const auto view = test_view(tile, 0, 32);
  EXPECT_EQ(view[0], 0);
  EXPECT_EQ(view[31], 1);
}

TEST(TestView, LeavesAnImageOfTheCropsSizeAlone) {
  const raster::Image tile = random_tile(1, 32, 32);
  const auto view = test_view(tile, 32, 32);
  for (size_t i = 0; i < view.size(); ++i) {
    ASSERT_NEAR(view[i] * 255, tile.band<uint8_t>(0)[i], 1e-4);
  }
}

TEST(TestView, TakesFloatTilesWithoutRounding) {
  const raster::Image tile = random_float_tile(1, 32, 32, -3, 3);
  const auto view = test_view(tile, 32, 32);
  for (size_t i = 0; i < view.size(); ++i) {
    ASSERT_FLOAT_EQ(view[i], tile.band<float>(0)[i]);
  }
}

TEST(TestView, NormalisesEachBand) {
  const raster::Image tile = random_tile(2, 16, 16);
  const std::vector<double> mean = {0.5, 0.25};
  const std::vector<double> std = {0.5, 2.0};
  std::vector<float> out(2 * 16 * 16);
  make_test_view(tile, 0, 16, mean, std, out);
  EXPECT_NEAR(out[0], (tile.band<uint8_t>(0)[0] / 255.0 - 0.5) / 0.5, 1e-6);
  EXPECT_NEAR(out[256], (tile.band<uint8_t>(1)[0] / 255.0 - 0.25) / 2, 1e-6);
}

TEST(TestView, RefusesACropLargerThanTheResizedSide) {
  const raster::Image tile = random_tile(1, 16, 16);
  EXPECT_THROW((void)test_view(tile, 16, 32), Error);
}

}  // namespace
}  // namespace nadir::augment
