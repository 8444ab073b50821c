#include "data/normalization.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "data/fixtures.h"

namespace nadir::data {
namespace {

using raster::Image;
using raster::PixelType;

const std::vector<std::string> kRgb = {"B04", "B03", "B02"};

BandStatistics statistics_of_two_bands() {
  return {
      .bands = {"X", "Y"},
      .mean = {100, 50},
      .std = {20, 10},
      .min = {0, 10},
      .max = {400, 90},
      .percentile_2 = {50, 20},
      .percentile_98 = {150, 80}};
}

Image one_pixel(std::vector<uint16_t> values) {
  Image image(static_cast<int64_t>(values.size()), 1, 1, PixelType::kUint16);
  for (size_t b = 0; b < values.size(); ++b) {
    image.band<uint16_t>(static_cast<int64_t>(b))[0] = values[b];
  }
  return image;
}

TEST(Normalization, Rgb2000EqualsTheArticlesFormulaForEveryValue) {
  Image image(3, 256, 256, PixelType::kUint16);
  for (int64_t b = 0; b < 3; ++b) {
    for (size_t i = 0; i < 65536; ++i) {
      image.band<uint16_t>(b)[i] = static_cast<uint16_t>(i);
    }
  }
  for (const double clip : {255.0, 225.0}) {
    const auto rule = make_normalization(
        clip == 255 ? "rgb2000" : "seed", kRgb, PixelType::kUint16, nullptr);
    const Image unit = rule.to_unit(image);
    ASSERT_EQ(unit.type(), PixelType::kUint8);
    for (size_t i = 0; i < 65536; ++i) {
      const double value = static_cast<double>(i) / 2000 * 255;
      ASSERT_EQ(
          unit.band<uint8_t>(1)[i], static_cast<uint8_t>(std::min(value, clip)))
          << i;
    }
  }
}

TEST(Normalization, ColourFiguresFollowTheBandsOrder) {
  const auto rule = make_normalization(
      "rgb2000", {"B02", "B03", "B04"}, PixelType::kUint16, nullptr);
  EXPECT_EQ(rule.mean, (std::vector<double>{.406, .456, .485}));
  EXPECT_EQ(rule.std, (std::vector<double>{.225, .224, .229}));
  const auto satellite =
      make_normalization("dinov3sat", kRgb, PixelType::kUint16, nullptr);
  EXPECT_EQ(satellite.mean, (std::vector<double>{.430, .411, .296}));
}

TEST(Normalization, ImagenetLeavesEightBitImagesAsTheyAre) {
  Image image(3, 2, 2, PixelType::kUint8);
  for (int64_t b = 0; b < 3; ++b) {
    image.band<uint8_t>(b)[3] = static_cast<uint8_t>(200 + b);
  }
  const auto rule = make_normalization(
      "imagenet", {"R", "G", "B"}, PixelType::kUint8, nullptr);
  const Image unit = rule.to_unit(image);
  EXPECT_EQ(unit.band<uint8_t>(2)[3], 202);
  EXPECT_EQ(rule.mean, (std::vector<double>{.485, .456, .406}));
}

// The two stages together are (x - mean) / std.
TEST(Normalization, ZscoreStandardisesEachBand) {
  const auto statistics = statistics_of_two_bands();
  const auto rule =
      make_normalization("zscore", {"Y", "X"}, PixelType::kUint16, &statistics);
  const Image unit = rule.to_unit(one_pixel({70, 60}));
  EXPECT_NEAR((unit.band<float>(0)[0] - rule.mean[0]) / rule.std[0], 2, 1e-5);
  EXPECT_NEAR((unit.band<float>(1)[0] - rule.mean[1]) / rule.std[1], -2, 1e-5);
}

TEST(Normalization, ZscoreFallsBackOnBigEarthNetsFigures) {
  const auto rule =
      make_normalization("zscore", {"B8A"}, PixelType::kUint16, nullptr);
  EXPECT_NEAR(rule.mean[0] * rule.high[0], 2266.46036911, 1e-6);
  EXPECT_NEAR(rule.std[0] * rule.high[0], 1356.13789355, 1e-6);
}

TEST(Normalization, Div10000IsReflectanceAndIsNotClipped) {
  const auto rule =
      make_normalization("div10000", {"B08"}, PixelType::kUint16, nullptr);
  EXPECT_FLOAT_EQ(rule.to_unit(one_pixel({15000})).band<float>(0)[0], 1.5F);
  EXPECT_EQ(rule.mean[0], 0);
  EXPECT_EQ(rule.std[0], 1);
}

TEST(Normalization, MinmaxSpansZeroToOne) {
  const auto statistics = statistics_of_two_bands();
  const auto rule =
      make_normalization("minmax", {"X", "Y"}, PixelType::kUint16, &statistics);
  const Image unit = rule.to_unit(one_pixel({400, 10}));
  EXPECT_FLOAT_EQ(unit.band<float>(0)[0], 1);
  EXPECT_FLOAT_EQ(unit.band<float>(1)[0], 0);
  const auto published =
      make_normalization("minmax", {"B04"}, PixelType::kUint16, nullptr);
  EXPECT_EQ(published.high[0], 14445);
}

TEST(Normalization, PercentileAndClip2stdClipAtTheirEnds) {
  const auto statistics = statistics_of_two_bands();
  for (const char* name : {"percentile", "clip2std"}) {
    const auto rule =
        make_normalization(name, {"X", "Y"}, PixelType::kUint16, &statistics);
    const Image low = rule.to_unit(one_pixel({0, 0}));
    const Image high = rule.to_unit(one_pixel({60000, 60000}));
    EXPECT_EQ(low.band<uint8_t>(0)[0], 0) << name;
    EXPECT_EQ(high.band<uint8_t>(1)[0], 255) << name;
  }
  const auto rule =
      make_normalization("clip2std", {"X"}, PixelType::kUint16, &statistics);
  EXPECT_EQ(rule.to_unit(one_pixel({100})).band<uint8_t>(0)[0], 127);
  EXPECT_DOUBLE_EQ(rule.mean[0], 0.5);
  EXPECT_DOUBLE_EQ(rule.std[0], 0.25);
}

TEST(Normalization, NotANumberBecomesNeutral) {
  Image image(1, 1, 1, PixelType::kFloat32);
  image.band<float>(0)[0] = std::numeric_limits<float>::quiet_NaN();
  const auto z =
      make_normalization("zscore", {"VV"}, PixelType::kFloat32, nullptr);
  EXPECT_FLOAT_EQ(
      z.to_unit(image).band<float>(0)[0], static_cast<float>(z.mean[0]));
  const auto clip =
      make_normalization("clip2std", {"VV"}, PixelType::kFloat32, nullptr);
  EXPECT_EQ(clip.to_unit(image).band<uint8_t>(0)[0], 0);
}

TEST(Normalization, AutoFollowsTheData) {
  const auto name = [](std::vector<std::string> bands, PixelType type) {
    return make_normalization("auto", bands, type, nullptr).name;
  };
  EXPECT_EQ(name({"R", "G", "B"}, PixelType::kUint8), "imagenet");
  EXPECT_EQ(name(kRgb, PixelType::kUint16), "rgb2000");
  EXPECT_EQ(name(kRgb, PixelType::kUint8), "rgb2000");
  EXPECT_EQ(name({"B04", "B03", "B02", "B08"}, PixelType::kUint16), "zscore");
}

TEST(Normalization, PackedEightBitBandsAreNotStretchedTwice) {
  const auto rule =
      make_normalization("rgb2000", kRgb, PixelType::kUint8, nullptr);
  EXPECT_EQ(rule.high, (std::vector<double>{255, 255, 255}));
}

TEST(Normalization, SurvivesJson) {
  const auto statistics = statistics_of_two_bands();
  const auto rule = make_normalization(
      "percentile", {"X", "Y"}, PixelType::kUint16, &statistics);
  EXPECT_EQ(normalization_from_json(to_json(rule)), rule);
  auto damaged = to_json(rule);
  damaged["mean"] = {1.0};
  EXPECT_NE(
      error_of([&] {
        (void)normalization_from_json(damaged);
      }).find("1 values for 2 bands"),
      std::string::npos);
}

TEST(Normalization, ErrorsNameRuleAndValue) {
  const auto make = [](const char* name,
                       std::vector<std::string> bands,
                       PixelType type = PixelType::kUint16) {
    return error_of(
        [&] { (void)make_normalization(name, bands, type, nullptr); });
  };
  EXPECT_NE(
      make("zscor", kRgb).find("did you mean 'zscore'"), std::string::npos);
  EXPECT_NE(make("rgb2000", {"B08"}).find("got B08"), std::string::npos);
  EXPECT_NE(make("imagenet", kRgb).find("8-bit"), std::string::npos);
  EXPECT_NE(make("zscore", {"X"}).find("band X"), std::string::npos);
  EXPECT_NE(
      make("rgb2000", {"R", "G", "B"}, PixelType::kUint8).find("imagenet"),
      std::string::npos);
  const auto rule =
      make_normalization("div10000", {"X"}, PixelType::kUint16, nullptr);
  EXPECT_NE(
      error_of([&] {
        (void)rule.to_unit(one_pixel({1, 2}));
      }).find("an image of 2"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::data
