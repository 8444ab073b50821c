#include "report/curve.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"

namespace nadir::report {
namespace {

TEST(Curve, AMillionStepsStaySmallAndKeepEveryExtreme) {
  Curve curve;
  RandomStream stream(1, StreamPurpose::kTest);
  double sum = 0;
  constexpr int kSteps = 1000000;
  for (int step = 1; step <= kSteps; ++step) {
    double value = stream.uniform(2, 3);
    if (step == 654321) {
      value = 100;
    }
    if (step == 123456) {
      value = -100;
    }
    sum += value;
    curve.add(step, value);
  }
  const auto points = curve.points();
  EXPECT_LE(points.size(), Curve::kMaxPoints);
  EXPECT_GE(points.size(), Curve::kMaxPoints / 2);
  double lowest = 0;
  double highest = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    lowest = std::min(lowest, points[i].min);
    highest = std::max(highest, points[i].max);
    EXPECT_TRUE(i == 0 || points[i - 1].x < points[i].x);
    EXPECT_LE(points[i].min, points[i].mean);
    EXPECT_LE(points[i].mean, points[i].max);
  }
  EXPECT_EQ(lowest, -100);
  EXPECT_EQ(highest, 100);
  EXPECT_EQ(curve.max_x(), 654321);
  EXPECT_EQ(curve.num_finite(), kSteps);
  EXPECT_NEAR(sum / kSteps, 2.5, 0.01);
}

TEST(Curve, ShortCurvesAreKeptAsTheyAre) {
  Curve curve;
  for (int i = 0; i < 500; ++i) {
    curve.add(i, i * i);
  }
  const auto points = curve.points();
  ASSERT_EQ(points.size(), 500U);
  EXPECT_EQ(points[7].x, 7);
  EXPECT_EQ(points[7].mean, 49);
  EXPECT_EQ(points[7].min, points[7].max);
}

TEST(Curve, ValuesThatAreNoNumbersAreCountedNotDrawn) {
  Curve curve;
  curve.add(1, std::nan(""));
  EXPECT_TRUE(curve.empty());
  EXPECT_FALSE(curve.last_is_finite());
  EXPECT_TRUE(curve.points().empty());
  EXPECT_TRUE(std::isnan(curve.tail_mean()));
  curve.add(2, 4);
  curve.add(3, INFINITY);
  EXPECT_EQ(curve.num_not_finite(), 2);
  ASSERT_EQ(curve.points().size(), 1U);
  EXPECT_EQ(curve.points()[0].mean, 4);
  EXPECT_EQ(curve.last(), 4);
}

TEST(Curve, HeadAndTailAreMeansOfATwentieth) {
  Curve curve;
  for (int i = 0; i < 100; ++i) {
    curve.add(i, i);
  }
  EXPECT_DOUBLE_EQ(curve.head_mean(), 2);   // 0 .. 4
  EXPECT_DOUBLE_EQ(curve.tail_mean(), 97);  // 95 .. 99
}

}  // namespace
}  // namespace nadir::report
