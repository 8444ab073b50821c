#include "train/dino_learner.h"

#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "train/step_views.h"

namespace nadir::train {
namespace {

class Accumulation : public testing::TestWithParam<const char*> {};

// Five steps with stochastic depth, which draws by image, not by row.
TEST_P(Accumulation, EqualsTheLargeBatch) {
  struct Outcome {
    std::vector<double> losses;
    checkpoint::TensorMap state;
  };

  checkpoint::TensorMap start;
  const auto train = [&](int64_t accumulate) {
    auto config = learner_config(accumulate);
    config.optim.optimizer = GetParam();
    DinoLearner learner(config, 3, at::kCPU);
    start = state_of(learner);
    Outcome outcome;
    for (int64_t step = 0; step < 5; ++step) {
      const StepViews views(static_cast<uint64_t>(step));
      const auto result =
          learner.step(step, step_values(), true, views.in_parts(accumulate));
      outcome.losses.push_back(result.loss);
    }
    outcome.state = state_of(learner);
    return outcome;
  };

  const auto whole = train(1);
  for (const int64_t accumulate : {2, 4}) {
    const auto parts = train(accumulate);
    for (size_t step = 0; step < whole.losses.size(); ++step) {
      // float32 sums in another order.
      EXPECT_NEAR(parts.losses[step], whole.losses[step], 2e-5) << step;
    }
    EXPECT_LT(distance(parts.state, whole.state, "dino_loss.center"), 1e-5);
    // Relative to the way the network went. Adam divides by the gradient's
    // size, so that where it is almost 0 rounding decides a step's direction.
    const double tolerance = std::string(GetParam()) == "adamw" ? 1e-2 : 1e-4;
    for (const std::string which : {"student.", "teacher."}) {
      EXPECT_LT(
          distance(parts.state, whole.state, which) /
              distance(start, whole.state, which),
          tolerance)
          << which << " x " << accumulate;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Optimizers,
    Accumulation,
    testing::Values("adamw", "sgd"),
    [](const auto& test) { return std::string(test.param); });

TEST(DinoLearner, MovesCenterAndTeacherOnceAStep) {
  DinoLearner learner(learner_config(4), 3, at::kCPU);
  const StepViews views(1);
  const auto before = state_of(learner);
  const at::NoGradGuard no_grad;
  auto values = step_values();
  values.momentum = 0.75;
  {
    const at::AutoGradMode with_grad(true);
    static_cast<void>(learner.step(0, values, false, views.in_parts(4)));
  }
  const auto after = state_of(learner);
  // One move: 0.75 of the old teacher, 0.25 of the student after the step.
  EXPECT_LT(
      (flat(after, "teacher.") -
       (0.75 * flat(before, "teacher.") + 0.25 * flat(after, "student.")))
          .abs()
          .max()
          .item<double>(),
      1e-6);
  // A tenth of the way from 0 to the mean of all the teacher's logits, which
  // the first step takes from the student's start.
  auto vit = learner_config(4).model;
  vit.image_size = 16;
  ssl::MultiCropNetwork teacher(vit, learner_config(4).head);
  for (auto& item : teacher.named_parameters()) {
    item.tensor.copy_(before.at("teacher." + item.name));
  }
  const auto logits = teacher.forward({views.large.flatten(0, 1)}, kImages);
  EXPECT_LT(
      max_difference(
          after.at("dino_loss.center")[0],
          0.1 * logits.mean(at::IntArrayRef{0, 1})),
      1e-6);
}

TEST(DinoLearner, LeavesTheLastLayerAloneWhileItIsFrozen) {
  DinoLearner learner(learner_config(1), 3, at::kCPU);
  const std::string name = "student.head.last_layer.weight_v";
  const auto before = state_of(learner);
  auto values = step_values();
  values.is_last_layer_frozen = true;
  static_cast<void>(learner.step(0, values, false, StepViews(1).in_parts(1)));
  auto after = state_of(learner);
  EXPECT_TRUE(at::equal(before.at(name), after.at(name)));
  EXPECT_FALSE(after.contains("optimizer.head.last_layer.weight_v.exp_avg"));
  EXPECT_FALSE(at::equal(
      before.at("student.head.mlp.0.weight"),
      after.at("student.head.mlp.0.weight")));
  static_cast<void>(
      learner.step(1, step_values(), false, StepViews(2).in_parts(1)));
  EXPECT_FALSE(at::equal(before.at(name), learner.state().at(name)));
}

TEST(DinoLearner, DecaysMatricesButNoBiasesAndNorms) {
  const auto step_with = [&](double weight_decay) {
    DinoLearner learner(learner_config(1), 3, at::kCPU);
    auto values = step_values();
    values.weight_decay = weight_decay;
    static_cast<void>(learner.step(0, values, false, StepViews(1).in_parts(1)));
    return state_of(learner);
  };
  const auto start = state_of(DinoLearner(learner_config(1), 3, at::kCPU));
  const auto plain = step_with(0);
  const auto decayed = step_with(0.5);
  for (const auto& [name, tensor] : plain) {
    if (!name.starts_with("student.")) {
      continue;
    }
    // Frozen magnitudes are in no group.
    const bool is_exempt = name.ends_with(".bias") || tensor.dim() == 1 ||
                           name.ends_with("weight_g");
    // AdamW: lr * decay of the parameter itself, beside the same move.
    const auto expected =
        is_exempt ? tensor : tensor - 0.01 * 0.5 * start.at(name);
    EXPECT_LT(max_difference(decayed.at(name), expected), 1e-7) << name;
  }
}

TEST(DinoLearner, ChangesNothingInAStepThatIsNotFinite) {
  for (const bool has_batch_norm : {false, true}) {
    auto config = learner_config(2);
    config.head.use_bn_in_head = has_batch_norm;
    DinoLearner learner(config, 3, at::kCPU);
    static_cast<void>(
        learner.step(0, step_values(), false, StepViews(1).in_parts(2)));
    const auto before = state_of(learner);
    StepViews spoilt(2);
    // In the second part: the first has gone through already.
    spoilt.large[0][kImages - 1][0][3][3] =
        std::numeric_limits<float>::quiet_NaN();
    // With statistics, whose rank LibTorch cannot compute then.
    const auto result =
        learner.step(1, step_values(), true, spoilt.in_parts(2));
    EXPECT_FALSE(result.is_finite);
    EXPECT_TRUE(std::isnan(result.loss));
    EXPECT_EQ(
        differing_tensors(before, learner.state()), std::vector<std::string>());
    // And the step after is the one of a learner that never saw it.
    DinoLearner other(config, 3, at::kCPU);
    other.load_state(before);
    for (auto* one : {&learner, &other}) {
      static_cast<void>(
          one->step(2, step_values(), false, StepViews(3).in_parts(2)));
    }
    EXPECT_EQ(
        differing_tensors(learner.state(), other.state()),
        std::vector<std::string>());
  }
}

TEST(DinoLearner, ChangesNothingWhenAnImageCannotBeRead) {
  DinoLearner learner(learner_config(2), 3, at::kCPU);
  const auto before = state_of(learner);
  const auto good = StepViews(1).in_parts(2);
  int64_t part = 0;
  const auto failing = [&]() {
    if (++part == 2) {
      fail(ErrorCode::kCorruptData, "tile7 is cut short");
    }
    return good();
  };
  EXPECT_THROW(
      static_cast<void>(learner.step(0, step_values(), false, failing)), Error);
  DinoLearner other(learner_config(2), 3, at::kCPU);
  for (auto* one : {&learner, &other}) {
    static_cast<void>(
        one->step(0, step_values(), false, StepViews(2).in_parts(2)));
  }
  EXPECT_EQ(
      differing_tensors(learner.state(), other.state()),
      std::vector<std::string>());
}

TEST(DinoLearner, GoesOnFromItsStateToTheBit) {
  DinoLearner straight(learner_config(2), 3, at::kCPU);
  for (int64_t step = 0; step < 3; ++step) {
    const StepViews views(static_cast<uint64_t>(step));
    static_cast<void>(
        straight.step(step, step_values(), false, views.in_parts(2)));
  }
  auto config = learner_config(2);
  config.run.seed = 0;
  DinoLearner resumed(config, 3, at::kCPU);
  resumed.load_state(straight.state());
  const auto views = StepViews(9);
  const auto a = straight.step(3, step_values(), true, views.in_parts(2));
  const auto b = resumed.step(3, step_values(), true, views.in_parts(2));
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.statistics.prototypes, b.statistics.prototypes);
  EXPECT_EQ(
      differing_tensors(straight.state(), resumed.state()),
      std::vector<std::string>());
}

TEST(DinoLearner, RefusesAStateThatIsNotItsOwnAndStaysAsItWas) {
  DinoLearner learner(learner_config(1), 3, at::kCPU);
  const auto good = state_of(learner);
  const auto refusal = [&](const checkpoint::TensorMap& state) {
    return error_of(
        ErrorCode::kCorruptData, [&] { learner.load_state(state); });
  };
  auto changed = good;
  for (auto& [name, tensor] : changed) {
    tensor = tensor + 1;
  }
  auto state = changed;
  state.erase("teacher.backbone.norm.bias");
  EXPECT_NE(
      refusal(state).find("teacher.backbone.norm.bias is missing"),
      std::string::npos);
  state = changed;
  state["student.backbone.norm.bias"] = at::zeros({7});
  EXPECT_NE(
      refusal(state).find("student.backbone.norm.bias is of another shape"),
      std::string::npos);
  state = changed;
  state["student.head.mlp.9.weight"] = at::zeros({7});
  EXPECT_NE(
      refusal(state).find("student.head.mlp.9.weight is not of this network"),
      std::string::npos);
  EXPECT_EQ(
      differing_tensors(good, learner.state()), std::vector<std::string>());
}

TEST(DinoLearner, StartsStudentAndTeacherFromABackboneMadeElsewhere) {
  auto config = learner_config(1);
  config.run.seed = 5;
  const DinoLearner other(config, 3, at::kCPU);
  checkpoint::TensorMap backbone;
  for (const auto& item : other.teacher_backbone().named_parameters()) {
    backbone[item.name] = item.tensor.detach();
  }
  DinoLearner learner(learner_config(1), 3, at::kCPU);
  const auto before = state_of(learner);
  learner.load_backbone(backbone);
  for (const auto& [name, tensor] : learner.state()) {
    const auto dot = name.find("backbone.");
    EXPECT_TRUE(at::equal(
        tensor,
        dot == std::string::npos ? before.at(name)
                                 : backbone.at(name.substr(dot + 9))))
        << name;
  }
  backbone["pos_embed"] = at::zeros({1, 10, 128});
  const auto message = error_of(
      ErrorCode::kInvalidArgument, [&] { learner.load_backbone(backbone); });
  EXPECT_NE(message.find("[1, 10, 128]"), std::string::npos) << message;
  EXPECT_NE(message.find("[1, 5, 128]"), std::string::npos) << message;
}

TEST(DinoLearner, MeasuresThisStepOnlyWhenAsked) {
  DinoLearner learner(learner_config(2), 3, at::kCPU);
  const StepViews views(1);
  const auto without = learner.step(0, step_values(), false, views.in_parts(2));
  EXPECT_FALSE(without.has_statistics);
  const auto with = learner.step(1, step_values(), true, views.in_parts(2));
  EXPECT_NEAR(
      with.statistics.loss,
      with.statistics.teacher_entropy + with.statistics.kl,
      1e-9);
  EXPECT_NEAR(with.statistics.loss, with.loss, 1e-6);
  // Two global views of each image.
  EXPECT_EQ(with.statistics.prototypes.size(), 2U * kImages);
  // A part has 8 features at most, so at most that rank.
  EXPECT_GT(with.feature_rank, 1);
  EXPECT_LT(with.feature_rank, kImages + 1e-3);
  EXPECT_GT(with.center_norm, 0);
  EXPECT_GT(with.teacher_distance, 0);
  EXPECT_LT(with.teacher_distance, 1);
}

}  // namespace
}  // namespace nadir::train
