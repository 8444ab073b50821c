#include "scaling/sum_cost.h"

#include <gtest/gtest.h>

#include "scaling/median.h"

namespace nadir::scaling {
namespace {

TEST(SumCost, FindsTheLineOverFiveDecadesOfSizes) {
  std::vector<TimedSum> sums;
  for (double bytes = 1e3; bytes < 1e8; bytes *= 10) {
    sums.push_back({bytes, 5e-5 + bytes / 2e9, 0});
  }
  const auto cost = fit_sum_cost(sums);
  EXPECT_NEAR(cost.latency_s, 5e-5, 1e-9);
  EXPECT_NEAR(cost.bytes_per_s, 2e9, 1);
}

TEST(InterpolatedSum, LiesBetweenItsNeighbours) {
  const std::vector<TimedSum> sums = {{100, 1, 2}, {200, 2, 3}, {400, 8, 5}};
  const auto wall_s = [&](double num_bytes) {
    return interpolated_sum(sums, num_bytes).wall_s;
  };
  EXPECT_DOUBLE_EQ(wall_s(40), 1);
  EXPECT_DOUBLE_EQ(wall_s(100), 1);
  EXPECT_DOUBLE_EQ(wall_s(150), 1.5);
  EXPECT_DOUBLE_EQ(wall_s(200), 2);
  EXPECT_DOUBLE_EQ(wall_s(300), 5);
  EXPECT_DOUBLE_EQ(wall_s(400), 8);
  EXPECT_DOUBLE_EQ(wall_s(800), 16);
  EXPECT_DOUBLE_EQ(interpolated_sum(sums, 300).processor_s, 4);
}

TEST(SumCost, HasNoNegativeLatency) {
  // Faster than in proportion for the small one.
  const auto cost = fit_sum_cost({{1e3, 1e-7, 0}, {1e6, 1e-3, 0}});
  EXPECT_EQ(cost.latency_s, 0);
  EXPECT_GT(cost.bytes_per_s, 0);
}

TEST(Median, IsInTheMiddleAndTheSpreadIgnoresOneOutlier) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_NEAR(relative_spread({9, 10, 11, 10, 500}), 0.14826, 1e-9);
  EXPECT_EQ(relative_spread({5}), 0);
}

}  // namespace
}  // namespace nadir::scaling
