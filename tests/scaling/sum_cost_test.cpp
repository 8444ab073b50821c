#include "scaling/sum_cost.h"

#include <gtest/gtest.h>

#include "scaling/median.h"

namespace nadir::scaling {
namespace {

TEST(SumCost, FindsTheLineOverFiveDecadesOfSizes) {
  std::vector<TimedSum> sums;
  for (double bytes = 1e3; bytes < 1e8; bytes *= 10) {
    sums.push_back({bytes, 5e-5 + bytes / 2e9, 3e-5 + bytes * 1.5e-9});
  }
  const auto cost = fit_sum_cost(sums);
  EXPECT_NEAR(cost.latency_s, 5e-5, 1e-9);
  EXPECT_NEAR(cost.bytes_per_s, 2e9, 1);
  EXPECT_NEAR(cost.processor_s_per_sum, 3e-5, 1e-9);
  EXPECT_NEAR(cost.processor_s_per_byte, 1.5e-9, 1e-15);
  EXPECT_NEAR(cost.of(4e6).wall_s, 5e-5 + 4e6 / 2e9, 1e-9);
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
