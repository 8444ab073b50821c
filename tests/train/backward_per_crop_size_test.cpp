#include <cmath>

#include <gtest/gtest.h>

#include "train/step_views.h"

namespace nadir::train {
namespace {

// What some steps made: losses and statistics, and the state after them.
struct Steps {
  std::vector<StepResult> steps;
  checkpoint::TensorMap start;
  checkpoint::TensorMap state;
};

Steps run_steps(
    PretrainConfig config, bool per_crop_size, int64_t num_steps = 5) {
  config.optim.backward_per_crop_size = per_crop_size;
  DinoLearner learner(config, 3, at::kCPU);
  Steps outcome;
  outcome.start = state_of(learner);
  for (int64_t step = 0; step < num_steps; ++step) {
    const StepViews views(static_cast<uint64_t>(step));
    outcome.steps.push_back(learner.step(
        step, step_values(), true, views.in_parts(config.optim.accumulate)));
  }
  outcome.state = state_of(learner);
  return outcome;
}

// `tolerance` of numbers of a step, and of the way that the networks went.
void expect_same_training(
    const Steps& apart,
    const Steps& joint,
    double tolerance,
    double way_tolerance) {
  for (size_t i = 0; i < joint.steps.size(); ++i) {
    const auto& a = apart.steps[i];
    const auto& b = joint.steps[i];
    EXPECT_NEAR(a.loss, b.loss, tolerance) << i;
    EXPECT_NEAR(
        a.gradients.total, b.gradients.total, tolerance * b.gradients.total)
        << i;
    EXPECT_NEAR(a.statistics.loss, b.statistics.loss, tolerance) << i;
    EXPECT_NEAR(a.statistics.kl, b.statistics.kl, tolerance) << i;
    EXPECT_NEAR(
        a.statistics.teacher_entropy, b.statistics.teacher_entropy, tolerance)
        << i;
    EXPECT_NEAR(
        a.statistics.student_entropy, b.statistics.student_entropy, tolerance)
        << i;
    EXPECT_LT(
        max_difference(a.statistics.mean_target_K, b.statistics.mean_target_K),
        tolerance)
        << i;
  }
  EXPECT_EQ(
      apart.steps[0].statistics.prototypes,
      joint.steps[0].statistics.prototypes);
  for (const std::string which : {"student.", "teacher."}) {
    EXPECT_LT(
        distance(apart.state, joint.state, which) /
            distance(joint.start, joint.state, which),
        way_tolerance)
        << which;
  }
}

// float32 sums in another order.
constexpr double kRounding = 2e-5;
constexpr double kWayRounding = 1e-4;

PretrainConfig sgd_config(int64_t accumulate) {
  auto config = learner_config(accumulate);
  config.optim.optimizer = "sgd";  // Adam makes much of tiny gradients
  return config;
}

// With stochastic depth, whose draws are by view.
TEST(BackwardPerCropSize, EqualsTheJointPass) {
  for (const int64_t accumulate : {1, 2}) {
    const auto config = sgd_config(accumulate);
    expect_same_training(
        run_steps(config, true),
        run_steps(config, false),
        kRounding,
        kWayRounding);
  }
}

TEST(BackwardPerCropSize, EqualsTheJointPassWhereActivationsAreComputedAgain) {
  auto config = sgd_config(1);
  config.model.checkpoint_activations = true;
  expect_same_training(
      run_steps(config, true),
      run_steps(config, false),
      kRounding,
      kWayRounding);
}

TEST(BackwardPerCropSize, EqualsTheJointPassInHalfPrecision) {
  auto config = sgd_config(2);
  config.run.precision = "bf16";
  // Gradients of weights are rounded to 8 bits, of each size by itself. One
  // step, as the next ones make more of such differences.
  constexpr double kHalfRounding = 4e-3;
  constexpr double kHalfWayRounding = 2e-2;
  expect_same_training(
      run_steps(config, true, 1),
      run_steps(config, false, 1),
      kHalfRounding,
      kHalfWayRounding);
}

TEST(BackwardPerCropSize, IsTheJointPassWhereThereAreNoLocalViews) {
  const auto step = [](bool per_crop_size) {
    auto config = learner_config(2);
    config.optim.backward_per_crop_size = per_crop_size;
    DinoLearner learner(config, 3, at::kCPU);
    const auto views = StepViews(1).in_parts(2);
    static_cast<void>(learner.step(0, step_values(), false, [&] {
      auto batch = views();
      batch.groups.pop_back();
      return batch;
    }));
    return state_of(learner);
  };
  EXPECT_EQ(
      differing_tensors(step(true), step(false)), std::vector<std::string>());
}

TEST(BackwardPerCropSize, IsRefusedWithBatchNormalisation) {
  auto config = learner_config(1);
  config.optim.backward_per_crop_size = true;
  config.head.use_bn_in_head = true;
  const auto message = error_of(ErrorCode::kInvalidArgument, [&] {
    const DinoLearner learner(config, 3, at::kCPU);
  });
  EXPECT_NE(
      message.find("backward_per_crop_size and use_bn_in_head"),
      std::string::npos)
      << message;
}

}  // namespace
}  // namespace nadir::train
