#include "augment/view_draw.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "augment/tiles.h"

namespace nadir::augment {
namespace {

constexpr int kNumDraws = 20000;
// Four standard deviations of a share near one half over kNumDraws draws.
constexpr double kShareTolerance = 0.015;

TEST(CropBox, CoversAreasOfTheScaleUniformly) {
  double sum = 0;
  double sum_log_ratio = 0;
  for (uint64_t i = 0; i < kNumDraws; ++i) {
    RandomStream random = view_stream(i);
    const CropBox box = draw_crop_box(1000, 1000, 0.05, 0.4, random);
    ASSERT_GE(box.top, 0);
    ASSERT_GE(box.left, 0);
    ASSERT_LE(box.top + box.height, 1000);
    ASSERT_LE(box.left + box.width, 1000);
    const double share =
        static_cast<double>(box.height * box.width) / 1000000.0;
    const double ratio =
        static_cast<double>(box.width) / static_cast<double>(box.height);
    ASSERT_GE(share, 0.05 * 0.99);
    ASSERT_LE(share, 0.4 * 1.01);
    ASSERT_GE(ratio, 0.75 * 0.99);
    ASSERT_LE(ratio, 4.0 / 3.0 * 1.01);
    sum += share;
    sum_log_ratio += std::log(ratio);
  }
  // Standard errors: 0.101 / sqrt(n) and 0.166 / sqrt(n); four of them.
  EXPECT_NEAR(sum / kNumDraws, 0.225, 0.003);
  EXPECT_NEAR(sum_log_ratio / kNumDraws, 0, 0.005);
}

TEST(CropBox, ReachesEveryCorner) {
  std::map<std::pair<int64_t, int64_t>, int> seen;
  for (uint64_t i = 0; i < 2000; ++i) {
    RandomStream random = view_stream(i);
    const CropBox box = draw_crop_box(4, 4, 0.55, 0.57, random);
    ASSERT_EQ(box.height * box.width, 9);
    ++seen[{box.top, box.left}];
  }
  ASSERT_EQ(seen.size(), 4U);
  for (const auto& [corner, count] : seen) {
    EXPECT_NEAR(count, 500, 80);
  }
}

TEST(CropBox, FallsBackToTheCentreWithAClampedRatio) {
  // No box of the whole area has a ratio in [3/4, 4/3]: ten draws fail.
  RandomStream random = view_stream(1);
  EXPECT_EQ(
      draw_crop_box(100, 1000, 1.0, 1.0, random), (CropBox{0, 433, 100, 133}));
  EXPECT_EQ(
      draw_crop_box(1000, 100, 1.0, 1.0, random), (CropBox{433, 0, 133, 100}));
}

TEST(CropBox, FallsBackToTheWholeOfATinyTile) {
  RandomStream random = view_stream(1);
  // sqrt(0.05) rounds to 0 for every ratio.
  EXPECT_EQ(draw_crop_box(1, 1, 0.05, 0.06, random), (CropBox{0, 0, 1, 1}));
}

TEST(ViewDraw, IsAPureFunctionOfTheStreamsKey) {
  const ViewConfig config;
  RandomStream first = view_stream(5, 2);
  RandomStream again = view_stream(5, 2);
  RandomStream other = view_stream(6, 2);
  const ViewDraw a = draw_view(config, 2, 120, 120, first);
  const ViewDraw b = draw_view(config, 2, 120, 120, again);
  const ViewDraw c = draw_view(config, 2, 120, 120, other);
  EXPECT_EQ(a.box, b.box);
  EXPECT_EQ(a.brightness, b.brightness);
  EXPECT_EQ(a.jitter_order, b.jitter_order);
  EXPECT_FALSE(a.box == c.box);
}

struct Shares {
  double flip = 0, rows = 0, jitter = 0, gray = 0, blur = 0, solar = 0;
  double turns[4] = {};
};

Shares shares_of(const ViewConfig& config, int64_t view) {
  Shares shares;
  constexpr double kPart = 1.0 / kNumDraws;
  for (uint64_t i = 0; i < kNumDraws; ++i) {
    RandomStream random = view_stream(i, static_cast<uint32_t>(view));
    const ViewDraw draw = draw_view(config, view, 120, 120, random);
    shares.flip += draw.flip_cols ? kPart : 0;
    shares.rows += draw.flip_rows ? kPart : 0;
    shares.jitter += draw.jitter ? kPart : 0;
    shares.gray += draw.grayscale ? kPart : 0;
    shares.blur += draw.blur_sigma > 0 ? kPart : 0;
    shares.solar += draw.solarize ? kPart : 0;
    shares.turns[draw.quarter_turns] += kPart;
  }
  return shares;
}

TEST(ViewDraw, HappensAsOftenAsTheReferenceSays) {
  const double blur[] = {1.0, 0.1, 0.5};
  const double solar[] = {0.0, 0.2, 0.0};
  for (int64_t view = 0; view < 3; ++view) {
    const Shares shares = shares_of(ViewConfig{}, view);
    EXPECT_NEAR(shares.flip, 0.5, kShareTolerance);
    EXPECT_EQ(shares.rows, 0);
    EXPECT_NEAR(shares.turns[0], 1, 1e-9);
    EXPECT_NEAR(shares.jitter, 0.8, kShareTolerance);
    EXPECT_NEAR(shares.gray, 0.2, kShareTolerance);
    EXPECT_NEAR(shares.blur, blur[view], kShareTolerance);
    EXPECT_NEAR(shares.solar, solar[view], kShareTolerance);
  }
}

TEST(ViewDraw, TurnsAndFlipsByOption) {
  ViewConfig config;
  config.vertical_flip = true;
  config.quarter_turns = true;
  const Shares shares = shares_of(config, 2);
  EXPECT_NEAR(shares.rows, 0.5, kShareTolerance);
  for (const double turn : shares.turns) {
    EXPECT_NEAR(turn, 0.25, kShareTolerance);
  }
}

TEST(ViewDraw, FactorsFillTheirRangesInEveryOrder) {
  const ViewConfig config;
  std::map<std::array<JitterStep, 4>, int> orders;
  double low = 9;
  double high = -9;
  double hue = 0;
  for (uint64_t i = 0; i < kNumDraws; ++i) {
    RandomStream random = view_stream(i);
    const ViewDraw draw = draw_view(config, 0, 120, 120, random);
    if (!draw.jitter) {
      continue;
    }
    ++orders[draw.jitter_order];
    low = std::min<double>(low, draw.brightness);
    high = std::max<double>(high, draw.brightness);
    hue = std::max(hue, std::abs(draw.hue));
    ASSERT_GE(draw.contrast, 0.6F);
    ASSERT_LE(draw.contrast, 1.4F);
    ASSERT_GE(draw.saturation, 0.8F);
    ASSERT_LE(draw.saturation, 1.2F);
    ASSERT_GE(draw.blur_sigma, 0.1F);
    ASSERT_LE(draw.blur_sigma, 2.0F);
  }
  EXPECT_NEAR(low, 0.6, 1e-3);
  EXPECT_NEAR(high, 1.4, 1e-3);
  EXPECT_NEAR(hue, 0.1, 1e-3);
  ASSERT_EQ(orders.size(), 24U);
  for (const auto& [order, count] : orders) {
    EXPECT_NEAR(count, kNumDraws * 0.8 / 24, 110);  // four deviations
  }
}

}  // namespace
}  // namespace nadir::augment
