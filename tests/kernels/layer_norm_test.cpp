#include "kernels/layer_norm.h"

#include <cmath>

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

constexpr int64_t kRows = 3;
constexpr float kEps = 1e-6F;

TEST(LayerNorm, IsNearTheReferenceAtEveryLevelAndSize) {
  for_each_level([] {
    for (const int64_t dim : tail_sizes()) {
      const auto x = random_floats(kRows * dim + 1, 1);
      const auto weight = random_floats(dim, 2);
      const auto bias = random_floats(dim, 3);
      std::vector<float> actual(x.size());
      auto expected = actual;
      layer_norm(
          x.data() + 1,
          kRows,
          dim,
          weight.data(),
          bias.data(),
          kEps,
          actual.data() + 1);
      reference::layer_norm(
          x.data() + 1,
          kRows,
          dim,
          weight.data(),
          bias.data(),
          kEps,
          expected.data() + 1);
      expect_all_near(actual, expected, 2e-5);
    }
  });
}

TEST(LayerNorm, GradientAddsThatOfTheReference) {
  for_each_level([] {
    for (const int64_t dim : tail_sizes()) {
      const auto x = random_floats(kRows * dim, 1);
      const auto grad = random_floats(kRows * dim, 4);
      const auto weight = random_floats(dim, 2);
      auto grad_x = random_floats(kRows * dim, 5);
      auto grad_weight = random_floats(dim, 6);
      auto grad_bias = random_floats(dim, 7);
      auto expected_x = grad_x;
      auto expected_weight = grad_weight;
      auto expected_bias = grad_bias;
      layer_norm_backward(
          x.data(),
          grad.data(),
          kRows,
          dim,
          weight.data(),
          kEps,
          grad_x.data(),
          grad_weight.data(),
          grad_bias.data());
      reference::layer_norm_backward(
          x.data(),
          grad.data(),
          kRows,
          dim,
          weight.data(),
          kEps,
          expected_x.data(),
          expected_weight.data(),
          expected_bias.data());
      // Of one or two values the norm is steep.
      const double tolerance = dim < 3 ? 2e-2 : 1e-4;
      expect_all_near(grad_x, expected_x, tolerance);
      expect_all_near(grad_weight, expected_weight, 2e-5);
      expect_all_near(grad_bias, expected_bias, 1e-6);
    }
  });
}

TEST(LayerNorm, KeepsTheVarianceOfValuesFarFromZero) {
  for_each_level([] {
    auto x = random_floats(384, 1);
    for (float& value : x) {
      value += 1000;
    }
    const std::vector<float> one(384, 1);
    const std::vector<float> zero(384, 0);
    std::vector<float> actual(384);
    auto expected = actual;
    layer_norm(x.data(), 1, 384, one.data(), zero.data(), kEps, actual.data());
    reference::layer_norm(
        x.data(), 1, 384, one.data(), zero.data(), kEps, expected.data());
    expect_all_near(actual, expected, 5e-4);
  });
}

// A row of zeros would train on, silently.
TEST(LayerNorm, GivesNanWhereTheVarianceOverflows) {
  for_each_level([] {
    auto x = random_floats(40, 1);
    for (float& value : x) {
      value *= 1e20F;
    }
    const std::vector<float> one(40, 1);
    std::vector<float> y(40);
    layer_norm(x.data(), 1, 40, one.data(), one.data(), kEps, y.data());
    EXPECT_TRUE(std::isnan(y[0]));
    std::vector<float> grad_x(40);
    std::vector<float> sums(80);
    layer_norm_backward(
        x.data(),
        one.data(),
        1,
        40,
        one.data(),
        kEps,
        grad_x.data(),
        sums.data(),
        sums.data() + 40);
    EXPECT_TRUE(std::isnan(grad_x[0]));
  });
}

}  // namespace
}  // namespace nadir::kernels
