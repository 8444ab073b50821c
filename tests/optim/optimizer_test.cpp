#include "optim/optimizer.h"

#include <cmath>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "optim/gradients.h"
#include "optim/test_module.h"

namespace nadir::optim {
namespace {

constexpr double kLr = 0.01;
constexpr double kDecay = 0.1;

// Ten steps in double precision of one parameter under one rule.
class Reference {
 public:
  Reference(std::string rule, const at::Tensor& start, bool is_decayed)
      : rule_(std::move(rule)),
        decay_(is_decayed ? kDecay : 0),
        value(start.detach().to(at::kDouble).clone()),
        first_(at::zeros_like(value)),
        second_(at::zeros_like(value)) {}

  void step(const at::Tensor& gradient, int t) {
    auto g = gradient.to(at::kDouble);
    if (rule_ == "adamw") {
      value = value * (1 - kLr * decay_);
      first_ = 0.9 * first_ + 0.1 * g;
      second_ = 0.999 * second_ + 0.001 * g * g;
      const auto m = first_ / (1 - std::pow(0.9, t));
      const auto v = second_ / (1 - std::pow(0.999, t));
      value = value - kLr * m / (v.sqrt() + 1e-8);
      return;
    }
    g = g + decay_ * value;
    if (rule_ == "lars" && value.dim() != 1) {
      g = g * (0.001 * value.norm() / g.norm());
    }
    first_ = 0.9 * first_ + g;
    value = value - kLr * first_;
  }

 private:
  std::string rule_;
  double decay_;

 public:
  at::Tensor value;

 private:
  at::Tensor first_;
  at::Tensor second_;
};

class OptimizerRule : public testing::TestWithParam<const char*> {};

TEST_P(OptimizerRule, EqualsADoublePrecisionReferenceOverTenSteps) {
  TestModule module;
  const auto optimizer =
      make_optimizer(GetParam(), make_parameter_groups(module));
  Reference weight(GetParam(), module.weight, true);
  Reference bias(GetParam(), module.bias, false);
  Reference token(GetParam(), module.cls_token, true);
  for (int t = 1; t <= 10; ++t) {
    module.set_gradients(static_cast<uint64_t>(100 * t));
    weight.step(module.weight.grad(), t);
    bias.step(module.bias.grad(), t);
    token.step(module.cls_token.grad(), t);
    optimizer->step(kLr, kDecay);
  }
  EXPECT_LT(max_difference(module.weight, weight.value), 1e-6);
  EXPECT_LT(max_difference(module.bias, bias.value), 1e-6);
  EXPECT_LT(max_difference(module.cls_token, token.value), 1e-6);
}

TEST_P(OptimizerRule, PassesOverParametersWithoutAGradient) {
  TestModule module;
  const auto groups = make_parameter_groups(module);
  const auto optimizer = make_optimizer(GetParam(), groups);
  module.set_gradients(20);
  optimizer->step(kLr, kDecay);
  const auto before = module.prototypes.detach().clone();
  const auto weight_before = module.weight.detach().clone();
  const auto state_before = optimizer->state();
  std::map<std::string, at::Tensor> copies;
  for (const auto& [name, tensor] : state_before) {
    copies[name] = tensor.clone();
  }
  module.set_gradients(21);
  drop_last_layer_gradients(groups);
  optimizer->step(kLr, kDecay);
  EXPECT_TRUE(at::equal(module.prototypes, before));
  EXPECT_FALSE(at::equal(module.weight, weight_before));
  for (const auto& [name, tensor] : optimizer->state()) {
    const bool is_last = name.find("last_layer") != std::string::npos;
    EXPECT_EQ(at::equal(tensor, copies[name]), is_last) << name;
  }
}

TEST_P(OptimizerRule, ContinuesExactlyFromItsState) {
  TestModule straight;
  TestModule resumed;
  const auto first =
      make_optimizer(GetParam(), make_parameter_groups(straight));
  const auto second =
      make_optimizer(GetParam(), make_parameter_groups(resumed));
  EXPECT_TRUE(first->state().empty());
  for (uint64_t t = 1; t <= 3; ++t) {
    straight.set_gradients(t);
    first->step(kLr, kDecay);
  }
  second->load_state(first->state());
  {
    const at::NoGradGuard no_grad;
    const auto theirs = straight.named_parameters();
    for (auto& item : resumed.named_parameters()) {
      item.tensor.copy_(theirs[item.name]);
    }
  }
  straight.set_gradients(9);
  resumed.set_gradients(9);
  first->step(kLr, kDecay);
  second->step(kLr, kDecay);
  EXPECT_TRUE(at::equal(straight.weight, resumed.weight));
  EXPECT_TRUE(at::equal(straight.norm, resumed.norm));
}

TEST_P(OptimizerRule, RefusesTheStateOfAnotherNetwork) {
  TestModule module;
  const auto optimizer =
      make_optimizer(GetParam(), make_parameter_groups(module));
  module.set_gradients(1);
  optimizer->step(kLr, kDecay);
  const auto good = optimizer->state();
  auto state = good;
  state["elsewhere.momentum_buffer"] = at::zeros({1});
  EXPECT_THROW(optimizer->load_state(state), Error);
  state = good;
  state["weight.unheard_of"] = at::zeros({1});
  EXPECT_THROW(optimizer->load_state(state), Error);
  state = good;
  for (auto& [name, tensor] : state) {
    if (name.starts_with("weight.")) {
      tensor = at::zeros({9, 9});
    }
  }
  EXPECT_THROW(optimizer->load_state(state), Error);
  EXPECT_NO_THROW(optimizer->load_state(good));
}

INSTANTIATE_TEST_SUITE_P(
    Rules,
    OptimizerRule,
    testing::Values("adamw", "sgd", "lars"),
    [](const auto& test) { return std::string(test.param); });

TEST(Optimizer, RefusesAnUnknownNameWithTheNearest) {
  try {
    static_cast<void>(make_optimizer("adam", {}));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'adamw'"), std::string::npos)
        << error.what();
  }
}

TEST(AdamW, RefusesAStateThatLacksAQuantity) {
  TestModule module;
  const auto optimizer = make_optimizer("adamw", make_parameter_groups(module));
  module.set_gradients(1);
  optimizer->step(kLr, kDecay);
  auto state = optimizer->state();
  ASSERT_EQ(state.erase("weight.exp_avg_sq"), 1U);
  EXPECT_THROW(optimizer->load_state(state), Error);
}

}  // namespace
}  // namespace nadir::optim
