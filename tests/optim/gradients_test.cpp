#include "optim/gradients.h"

#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "optim/test_module.h"

namespace nadir::optim {
namespace {

TEST(ParameterGroups, DecayAllButBiasesAndVectors) {
  const auto groups = make_parameter_groups(TestModule());
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_TRUE(groups[0].is_decayed);
  EXPECT_EQ(
      groups[0].names,
      (std::vector<std::string>{"weight", "cls_token", "last_layer.weight_v"}));
  EXPECT_FALSE(groups[1].is_decayed);
  EXPECT_EQ(groups[1].names, (std::vector<std::string>{"bias", "norm_weight"}));
}

TEST(ClipGradients, ScalesEachTensorByItsOwnNorm) {
  TestModule module;
  module.set_gradients(10);
  const auto weight_before = module.weight.grad().clone();
  const double norm = weight_before.norm().item<double>();
  {
    const at::NoGradGuard no_grad;
    module.bias.mutable_grad() = at::full({3}, 1e-3);
  }
  const auto groups = make_parameter_groups(module);
  const auto result = clip_gradients(groups, 0.5);
  EXPECT_LT(
      max_difference(
          module.weight.grad(), weight_before * (0.5 / (norm + 1e-6))),
      1e-7);
  EXPECT_LT(max_difference(module.bias.grad(), at::full({3}, 1e-3)), 1e-9);
  EXPECT_EQ(result.num_clipped, 4);
  EXPECT_TRUE(result.is_finite);
}

TEST(ClipGradients, ReportsTheNormsFromBeforeItsWork) {
  TestModule module;
  module.weight.mutable_grad() = at::full({3, 4}, 0.5);
  module.norm.mutable_grad() = at::full({4}, 2.0);
  const auto result =
      clip_gradients(make_parameter_groups(module), /*max_norm=*/0);
  EXPECT_NEAR(result.total, std::sqrt(12 * 0.25 + 4 * 4.0), 1e-6);
  EXPECT_NEAR(result.largest, 4, 1e-6);
  EXPECT_EQ(result.largest_name, "norm_weight");
  EXPECT_EQ(result.num_clipped, 0);
  EXPECT_TRUE(at::equal(module.norm.grad(), at::full({4}, 2.0)));
}

TEST(ClipGradients, NamesTheTensorThatIsNotFinite) {
  TestModule module;
  module.set_gradients(11);
  module.cls_token.mutable_grad()[0][0][2] =
      std::numeric_limits<float>::quiet_NaN();
  const auto result = clip_gradients(make_parameter_groups(module), 3);
  EXPECT_FALSE(result.is_finite);
  EXPECT_EQ(result.largest_name, "cls_token");
}

TEST(DropLastLayerGradients, DropsThoseAndNoOthers) {
  TestModule module;
  module.set_gradients(12);
  const auto groups = make_parameter_groups(module);
  drop_last_layer_gradients(groups);
  EXPECT_FALSE(module.prototypes.grad().defined());
  EXPECT_TRUE(module.weight.grad().defined());
  drop_gradients(groups);
  EXPECT_FALSE(module.weight.grad().defined());
}

}  // namespace
}  // namespace nadir::optim
