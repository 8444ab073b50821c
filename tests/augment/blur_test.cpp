#include "augment/blur.h"

#include <cmath>

#include <gtest/gtest.h>

namespace nadir::augment {
namespace {

// Three boxes of radius r = l + a must have the variance sigma^2; by Gwosdek
// et al. that of one extended box of length 2 r + 1 is
// ((2 l + 1) l (l + 1) / 3 + 2 a (l + 1)^2) / (2 r + 1).
TEST(BoxRadius, ThreeBoxesHaveTheGaussiansVariance) {
  for (const float sigma : {0.1F, 0.5F, 1.0F, 1.41F, 1.5F, 2.0F, 2.3F}) {
    const double radius = box_radius(sigma);
    const double whole = std::floor(radius);
    const double part = radius - whole;
    const double variance = ((2 * whole + 1) * whole * (whole + 1) / 3 +
                             2 * part * (whole + 1) * (whole + 1)) /
                            (2 * radius + 1);
    EXPECT_NEAR(3 * variance, sigma * sigma, 1e-5) << sigma;
  }
}

TEST(BoxWeights, SumToOneInFixedPoint) {
  for (int i = 1; i <= 230; ++i) {
    const auto weights = box_weights(static_cast<float>(i) / 100);
    const auto sum =
        static_cast<uint32_t>(2 * weights.radius + 1) * weights.whole +
        2 * weights.edge;
    EXPECT_LE(sum, 1U << 24) << i;
    EXPECT_GE(sum, (1U << 24) - 2) << i;
    EXPECT_LE(weights.radius, 1) << i;
  }
}

}  // namespace
}  // namespace nadir::augment
