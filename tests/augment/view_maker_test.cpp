#include "augment/view_maker.h"

#include <cmath>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "augment/pixel_steps.h"
#include "augment/tiles.h"
#include "core/error.h"

namespace nadir::augment {
namespace {

const std::vector<double> kMean = {0.485, 0.456, 0.406};
const std::vector<double> kStd = {0.229, 0.224, 0.225};

// A configuration that only crops and perhaps flips.
ViewConfig plain_config(int64_t side) {
  ViewConfig config;
  config.global_crop_size = side;
  config.local_crop_size = side;
  config.color_jitter_prob = 0;
  config.grayscale_prob = 0;
  config.solarize_prob = 0;
  return config;
}

std::vector<float> view_of(
    const ViewMaker& maker,
    const raster::Image& tile,
    int64_t view,
    uint64_t sample) {
  const int64_t side = maker.view_size(view);
  std::vector<float> out(static_cast<size_t>(tile.num_bands() * side * side));
  RandomStream random = view_stream(sample, static_cast<uint32_t>(view));
  maker.make_view(tile, view, random, out);
  return out;
}

TEST(ViewMaker, HasTwoGlobalViewsAndTheLocalOnes) {
  ViewConfig config;
  config.global_crop_size = 64;
  config.local_crop_size = 32;
  config.local_crops_number = 3;
  const ViewMaker maker(config, kMean, kStd, true);
  ASSERT_EQ(maker.num_views(), 5);
  EXPECT_EQ(maker.view_size(0), 64);
  EXPECT_EQ(maker.view_size(1), 64);
  EXPECT_EQ(maker.view_size(2), 32);
  EXPECT_EQ(maker.view_size(4), 32);
}

TEST(ViewMaker, ViewsDependOnTheKeyAlone) {
  const ViewMaker maker(ViewConfig{}, kMean, kStd, true);
  const raster::Image tile = random_tile(3, 120, 120);
  const auto expected = view_of(maker, tile, 0, 5);
  (void)view_of(maker, random_tile(3, 64, 90, 9), 3, 1);  // used scratch
  EXPECT_EQ(view_of(maker, tile, 0, 5), expected);
  std::vector<float> elsewhere;
  std::thread([&] { elsewhere = view_of(maker, tile, 0, 5); }).join();
  EXPECT_EQ(elsewhere, expected);
  EXPECT_NE(view_of(maker, tile, 0, 6), expected);
}

TEST(ViewMaker, EveryViewIsWrittenInFullAndInRange) {
  const ViewMaker maker(ViewConfig{}, kMean, kStd, true);
  const raster::Image tile = random_tile(3, 120, 120);
  for (int64_t view = 0; view < maker.num_views(); ++view) {
    for (const float value : view_of(maker, tile, view, 11)) {
      ASSERT_GE(value, -2.2F);
      ASSERT_LE(value, 2.7F);
    }
  }
}

TEST(ViewMaker, NormalisesAConstantTileInClosedForm) {
  raster::Image tile(3, 50, 60, raster::PixelType::kUint8);
  for (int64_t band = 0; band < 3; ++band) {
    for (uint8_t& value : tile.band<uint8_t>(band)) {
      value = static_cast<uint8_t>(40 + 70 * band);
    }
  }
  const ViewMaker maker(plain_config(16), kMean, kStd, true);
  const auto out = view_of(maker, tile, 0, 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t band = i / 256;
    const double u = static_cast<double>(40 + 70 * band) / 255;
    ASSERT_NEAR(out[i], (u - kMean[band]) / kStd[band], 1e-6);
  }
}

TEST(ViewMaker, GreyTilesOfOtherBandsStayApart) {
  // Twelve bands with constants: contrast must blend with the band's own
  // mean, so that jitter without brightness leaves constants alone.
  ViewConfig config = plain_config(16);
  config.color_jitter_prob = 1;
  config.brightness = 0;
  raster::Image tile(12, 40, 40, raster::PixelType::kUint8);
  for (int64_t band = 0; band < 12; ++band) {
    for (uint8_t& value : tile.band<uint8_t>(band)) {
      value = static_cast<uint8_t>(20 * band);
    }
  }
  const ViewMaker maker(
      config, std::vector<double>(12, 0), std::vector<double>(12, 1), false);
  const auto out = view_of(maker, tile, 3, 1);
  for (size_t i = 0; i < out.size(); ++i) {
    ASSERT_NEAR(out[i] * 255, 20.0 * static_cast<double>(i / 256), 1e-3);
  }
}

TEST(ViewMaker, ThreeBandsThatAreNoColourKeepTheirOwnLevels) {
  ViewConfig config = plain_config(8);
  config.grayscale_prob = 1;
  raster::Image tile(3, 20, 20, raster::PixelType::kUint8);
  for (uint8_t& value : tile.band<uint8_t>(1)) {
    value = 200;
  }
  const std::vector<double> zero(3, 0);
  const std::vector<double> one(3, 1);
  const ViewMaker bands(config, zero, one, false);
  const ViewMaker color(config, zero, one, true);
  EXPECT_NEAR(view_of(bands, tile, 0, 1)[64] * 255, 200, 1e-3);
  EXPECT_NEAR(view_of(color, tile, 0, 1)[64] * 255, 117, 1e-3);
}

// write_plane() on a 2 x 2 plane 1 2 / 3 4, turned anticlockwise, then
// flipped left to right, then upside down.
TEST(WritePlane, TurnsThenFlips) {
  const auto written = [](int turns, bool cols, bool rows) {
    ViewDraw draw;
    draw.quarter_turns = turns;
    draw.flip_cols = cols;
    draw.flip_rows = rows;
    std::vector<uint8_t> bytes = {1, 2, 3, 4};
    std::vector<float> floats = {1, 2, 3, 4};
    std::vector<float> out(4);
    std::vector<float> float_out(4);
    write_plane(draw, 2, 1, 0, thread_scratch(), bytes.data(), out.data());
    write_plane(
        draw, 2, 1, 0, thread_scratch(), floats.data(), float_out.data());
    EXPECT_EQ(out, float_out);
    return out;
  };
  using Plane = std::vector<float>;
  EXPECT_EQ(written(0, false, false), (Plane{1, 2, 3, 4}));
  EXPECT_EQ(written(0, true, false), (Plane{2, 1, 4, 3}));
  EXPECT_EQ(written(0, false, true), (Plane{3, 4, 1, 2}));
  EXPECT_EQ(written(1, false, false), (Plane{2, 4, 1, 3}));
  EXPECT_EQ(written(2, false, false), (Plane{4, 3, 2, 1}));
  EXPECT_EQ(written(3, false, false), (Plane{3, 1, 4, 2}));
  EXPECT_EQ(written(1, true, false), (Plane{4, 2, 3, 1}));
  EXPECT_EQ(written(3, false, true), (Plane{4, 2, 3, 1}));
}

TEST(ViewMaker, ErrorsNameTheFieldAndItsValue) {
  struct Wrong {
    std::function<void(ViewConfig&)> change;
    const char* field;
    const char* value;
  };

  const std::vector<Wrong> wrongs = {
      {[](auto& c) { c.global_crop_size = 0; }, "global_crop_size", "0"},
      {[](auto& c) { c.local_crop_size = -3; }, "local_crop_size", "-3"},
      {[](auto& c) { c.local_crops_number = -1; }, "local_crops_number", "-1"},
      {[](auto& c) { c.global_crops_scale = {0.4}; },
       "global_crops_scale",
       "1"},
      {[](auto& c) {
         c.global_crops_scale = {0.4, 1.5};
       },
       "global_crops_scale",
       "0.4,1.5"},
      {[](auto& c) {
         c.local_crops_scale = {0.4, 0.05};
       },
       "local_crops_scale",
       "0.4,0.05"},
      {[](auto& c) {
         c.local_crops_scale = {0, 0.5};
       },
       "local_crops_scale",
       "0,0.5"},
      {[](auto& c) { c.color_jitter_prob = 1.25; },
       "color_jitter_prob",
       "1.25"},
      {[](auto& c) { c.grayscale_prob = -0.5; }, "grayscale_prob", "-0.5"},
      {[](auto& c) { c.solarize_prob = std::nan(""); }, "solarize_prob", "nan"},
      {[](auto& c) { c.blur_sigma = {1}; }, "blur_sigma", "1"},
      {[](auto& c) {
         c.blur_sigma = {2, 0.5};
       },
       "blur_sigma",
       "2,0.5"},
      {[](auto& c) {
         c.blur_sigma = {0.1, 3};
       },
       "blur_sigma",
       "0.1,3"},
      {[](auto& c) { c.brightness = -2; }, "brightness", "-2"},
      {[](auto& c) { c.contrast = -2; }, "contrast", "-2"},
      {[](auto& c) { c.saturation = -2; }, "saturation", "-2"},
      {[](auto& c) { c.hue = 0.75; }, "hue", "0.75"}};
  for (const Wrong& wrong : wrongs) {
    ViewConfig config;
    wrong.change(config);
    try {
      const ViewMaker maker(config, kMean, kStd, true);
      ADD_FAILURE() << wrong.field << " is accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      const std::string text = error.what();
      EXPECT_EQ(text.rfind(wrong.field, 0), 0U) << text;
      EXPECT_NE(text.find(std::string("got ") + wrong.value), std::string::npos)
          << text;
    }
  }
}

TEST(ViewMaker, BlursByTheSigmaAskedFor) {
  ViewConfig config = plain_config(32);
  config.global_crops_scale = {1, 1};
  const raster::Image tile = random_tile(3, 32, 32);
  // Variation between neighbours in a row of the first view.
  auto roughness = [&](std::vector<double> sigma) {
    config.blur_sigma = std::move(sigma);
    const auto view = view_of(ViewMaker(config, kMean, kStd, true), tile, 0, 1);
    double sum = 0;
    for (size_t i = 1; i < view.size(); ++i) {
      sum += std::abs(view[i] - view[i - 1]);
    }
    return sum;
  };
  const double sharp = roughness({0, 0});
  EXPECT_LT(roughness({0.7, 0.7}), 0.8 * sharp);
  EXPECT_LT(roughness({2.4, 2.4}), 0.6 * roughness({0.7, 0.7}));
}

TEST(ViewMaker, RefusesTilesItCannotTake) {
  const ViewMaker maker(plain_config(8), kMean, kStd, true);
  EXPECT_THROW((void)view_of(maker, random_tile(4, 9, 9), 0, 1), Error);
  const raster::Image raw(3, 9, 9, raster::PixelType::kUint16);
  EXPECT_THROW((void)view_of(maker, raw, 0, 1), Error);
  EXPECT_THROW(ViewMaker(ViewConfig{}, {0}, {1}, true), Error);
  EXPECT_THROW(ViewMaker(ViewConfig{}, {0, 0}, {1}, false), Error);
  EXPECT_THROW(ViewMaker(ViewConfig{}, {0}, {0}, false), Error);
}

}  // namespace
}  // namespace nadir::augment
