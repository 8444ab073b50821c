#include "scaling/straggler.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace nadir::scaling {
namespace {

TEST(ExpectedLargestNormal, HasTheClosedForms) {
  const double pi = std::acos(-1.0);
  EXPECT_EQ(expected_largest_normal(1), 0);
  EXPECT_NEAR(expected_largest_normal(2), 1 / std::sqrt(pi), 1e-6);
  EXPECT_NEAR(expected_largest_normal(3), 1.5 / std::sqrt(pi), 1e-6);
}

TEST(ExpectedLargestNormal, IsTheMeanOfDraws) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  for (const int64_t count : {4, 64, 512}) {
    constexpr int kDraws = 4000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < kDraws; ++i) {
      double largest = -100;
      for (int64_t k = 0; k < count; ++k) {
        largest = std::max(largest, normal(random));
      }
      sum += largest;
      squares += largest * largest;
    }
    const double mean = sum / kDraws;
    const double error = std::sqrt((squares / kDraws - mean * mean) / kDraws);
    EXPECT_NEAR(expected_largest_normal(count), mean, 4 * error) << count;
  }
}

}  // namespace
}  // namespace nadir::scaling
