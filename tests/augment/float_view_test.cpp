#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "augment/pixel_steps.h"
#include "augment/tiles.h"
#include "augment/view_maker.h"

namespace nadir::augment {
namespace {

ViewConfig small_config() {
  ViewConfig config;
  config.global_crop_size = 48;
  config.local_crop_size = 32;
  config.quarter_turns = true;
  config.vertical_flip = true;
  return config;
}

void expect_finite(const raster::Image& tile) {
  const auto bands = static_cast<size_t>(tile.num_bands());
  const ViewMaker maker(
      small_config(),
      std::vector<double>(bands, 0.2),
      std::vector<double>(bands, 0.1),
      false);
  for (uint64_t sample = 0; sample < 20; ++sample) {
    for (int64_t view = 0; view < 3; ++view) {
      const int64_t side = maker.view_size(view);
      std::vector<float> out(bands * static_cast<size_t>(side * side));
      RandomStream random = view_stream(sample, static_cast<uint32_t>(view));
      maker.make_view(tile, view, random, out);
      for (const float value : out) {
        ASSERT_TRUE(std::isfinite(value)) << sample << ", view " << view;
      }
    }
  }
}

TEST(FloatView, IsFiniteForExtremeTiles) {
  raster::Image tile = random_float_tile(2, 40, 40, -5, 5);
  auto pixels = tile.band<float>(0);
  constexpr float kInf = std::numeric_limits<float>::infinity();
  for (size_t i = 0; i + 4 < pixels.size(); i += 5) {
    pixels[i] = std::numeric_limits<float>::max();
    pixels[i + 1] = std::numeric_limits<float>::lowest();
    pixels[i + 2] = kInf;
    pixels[i + 3] = -kInf;
    pixels[i + 4] = std::numeric_limits<float>::quiet_NaN();
  }
  expect_finite(tile);
}

// The float steps against the 8-bit ones, which are Pillow's: every 8-bit
// step rounds once (blends truncate), and blur rounds after six passes.
TEST(FloatView, ChangesPixelsAsTheBytesDo) {
  constexpr int64_t kSide = 40;
  RandomStream random(3, StreamPurpose::kTest);
  std::vector<uint8_t> bytes(kSide * kSide);
  std::vector<float> floats(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(60 + random.uniform_int(100));
    floats[i] = static_cast<float>(bytes[i]) / 255.0F;
  }
  ViewDraw draw;
  draw.jitter = true;
  draw.jitter_order = {
      JitterStep::kHue,
      JitterStep::kContrast,
      JitterStep::kSaturation,
      JitterStep::kBrightness};
  draw.brightness = 1.2F;
  draw.contrast = 0.7F;
  draw.blur_sigma = 1.7F;
  Scratch& scratch = thread_scratch();
  change_pixels(draw, 1, false, kSide, scratch, bytes.data());
  change_pixels(draw, 1, kSide, scratch, floats.data());
  double worst = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    worst = std::max(
        worst, std::abs(static_cast<double>(floats[i]) * 255 - bytes[i]));
  }
  EXPECT_LT(worst, 4);
}

TEST(FloatView, SolarizesAboutOneHalf) {
  ViewDraw draw;
  draw.solarize = true;
  std::vector<float> plane = {-1.0F, 0.25F, 0.5F, 2.0F};
  change_pixels(draw, 1, 2, thread_scratch(), plane.data());
  EXPECT_EQ(plane, (std::vector<float>{-1.0F, 0.25F, 0.5F, -1.0F}));
}

TEST(FloatView, BlurKeepsAConstantAndTheMean) {
  constexpr int64_t kSide = 33;
  ViewDraw draw;
  draw.blur_sigma = 2.0F;
  std::vector<float> plane(kSide * kSide, 0.3F);
  change_pixels(draw, 1, kSide, thread_scratch(), plane.data());
  for (const float value : plane) {
    ASSERT_NEAR(value, 0.3F, 1e-6);
  }
  std::fill(plane.begin(), plane.end(), 0.0F);
  plane[kSide * kSide / 2] = 1;
  change_pixels(draw, 1, kSide, thread_scratch(), plane.data());
  double sum = 0;
  double variance = 0;
  for (int64_t i = 0; i < kSide * kSide; ++i) {
    const double value = plane[static_cast<size_t>(i)];
    const auto offset = static_cast<double>(i / kSide - kSide / 2);
    sum += value;
    variance += value * offset * offset;
  }
  EXPECT_NEAR(sum, 1, 1e-5);
  EXPECT_NEAR(variance, 4, 1e-4);
}

}  // namespace
}  // namespace nadir::augment
