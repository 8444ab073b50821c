#include "dashboard/curve_sample.h"

#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

namespace nadir::dashboard {
namespace {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> steps_to(int64_t count) {
  std::vector<double> steps(static_cast<size_t>(count));
  std::iota(steps.begin(), steps.end(), 1.0);
  return steps;
}

TEST(CurveSample, GivesEveryValueWhereTheyAreFew) {
  const std::vector<double> x = {1, 2, 3, 4, 5, kAbsent};
  const std::vector<double> y = {10, kAbsent, kInfinity, 40, 50, 60};
  const auto sample = sample_curve(x, y, -kInfinity, kInfinity, 3);
  EXPECT_TRUE(sample.is_exact);
  EXPECT_EQ(sample.x, (std::vector<double>{1, 4, 5}));
  EXPECT_EQ(sample.mean, (std::vector<double>{10, 40, 50}));
  EXPECT_EQ(sample.count, 3);
  EXPECT_EQ(sample.num_not_finite, 1);
  const auto part = sample_curve(x, y, 4, 4, 3);
  EXPECT_EQ(part.mean, (std::vector<double>{40}));
  EXPECT_EQ(part.num_not_finite, 0);
}

TEST(CurveSample, KeepsMeansExtremesAndSpikesOfLongCurves) {
  const auto x = steps_to(1'000'000);
  std::vector<double> y(x.size());
  for (size_t i = 0; i < y.size(); ++i) {
    y[i] = std::sin(x[i] * 1e-5);
  }
  y[654'321] = 1000;  // one step in a million
  const auto sample = sample_curve(x, y, -kInfinity, kInfinity, 500);
  EXPECT_FALSE(sample.is_exact);
  ASSERT_EQ(sample.x.size(), 500);
  EXPECT_EQ(sample.count, 1'000'000);
  EXPECT_EQ(*std::max_element(sample.max.begin(), sample.max.end()), 1000);
  double sum = 0;
  for (size_t i = 0; i < sample.x.size(); ++i) {
    EXPECT_LE(sample.min[i], sample.mean[i]);
    EXPECT_LE(sample.mean[i], sample.max[i]);
    EXPECT_NEAR(
        sample.mean[i],
        std::sin(sample.x[i] * 1e-5),
        sample.max[i] == 1000 ? 1 : 1e-3);
    sum += sample.mean[i] * 2000;  // 2,000 steps a part
  }
  EXPECT_NEAR(sum, std::accumulate(y.begin(), y.end(), 0.0), 5);
  EXPECT_TRUE(std::is_sorted(sample.x.begin(), sample.x.end()));
}

TEST(CurveSample, LeavesHolesWhereThereAreNoValues) {
  std::vector<double> x;
  for (int i = 0; i < 1000; ++i) {
    x.push_back(i < 500 ? i : 100'000 + i);
  }
  const auto sample = sample_curve(x, x, -kInfinity, kInfinity, 100);
  EXPECT_FALSE(sample.is_exact);
  EXPECT_LT(sample.x.size(), 10);
  EXPECT_EQ(sample.count, 1000);
}

}  // namespace
}  // namespace nadir::dashboard
