#include "train/schedules.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::train {
namespace {

// The reference on BigEarthNet, docs/dino.md: 100 epochs of 526 steps, 512
// images a step.
OptimConfig reference_config() {
  OptimConfig config;
  config.batch_size_per_gpu = 512;
  return config;
}

TEST(Schedules, HaveTheReferencesValues) {
  const Schedules schedules(reference_config(), 526, 512);
  ASSERT_EQ(schedules.num_steps(), 52600);
  EXPECT_EQ(schedules.at(0).lr, 0);
  EXPECT_EQ(schedules.at(5259).lr, 0.001);
  EXPECT_EQ(schedules.at(5260).lr, 0.001);
  EXPECT_NEAR(schedules.at(52599).lr, 1.0000011e-6, 5e-14);
  EXPECT_EQ(schedules.at(0).momentum, 0.996);
  EXPECT_NEAR(schedules.at(52599).momentum, 0.99999999999643, 5e-15);
  EXPECT_NEAR(schedules.at(0).weight_decay, 0.04, 1e-15);
  EXPECT_NEAR(schedules.at(26300).weight_decay, 0.22, 1e-15);
  EXPECT_NEAR(schedules.at(52599).weight_decay, 0.3999999997, 5e-11);
}

TEST(Schedules, TakeTheLearningRateFromTheWholeStepsImages) {
  auto config = reference_config();
  config.batch_size_per_gpu = 64;
  config.accumulate = 4;
  const int64_t images = images_per_step(config, /*world_size=*/2);
  EXPECT_EQ(images, 512);
  EXPECT_EQ(Schedules(config, 526, images).at(5260).lr, 0.001);
}

TEST(Schedules, WarmTheTeacherByEpochsAndFreezeTheFirst) {
  auto config = reference_config();
  config.epochs = 10;
  config.warmup_epochs = 2;
  config.teacher_temp = 0.07;
  config.warmup_teacher_temp_epochs = 4;
  config.freeze_last_layer = 2;
  const Schedules schedules(config, 3, 512);
  for (int64_t step = 0; step < 30; ++step) {
    const int64_t epoch = step / 3;
    const double expected =
        epoch < 4 ? 0.04 + 0.01 * static_cast<double>(epoch) : 0.07;
    EXPECT_NEAR(schedules.at(step).teacher_temp, expected, 1e-15) << step;
    EXPECT_EQ(schedules.at(step).is_last_layer_frozen, epoch < 2) << step;
  }
}

TEST(Schedules, NameTheFieldThatIsOutOfRange) {
  const auto message_of = [](auto change) {
    auto config = reference_config();
    change(config);
    try {
      const Schedules schedules(config, 5, 512);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(
      message_of([](auto& config) { config.epochs = 0; }),
      "epochs must be at least 1, got 0");
  EXPECT_EQ(
      message_of([](auto& config) { config.accumulate = -2; }),
      "accumulate must be at least 1, got -2");
  EXPECT_EQ(
      message_of([](auto& config) { config.epochs = 5; }),
      "warmup_epochs must be between 0 and epochs = 5, got 10; --recipe auto "
      "chooses one that fits");
  EXPECT_EQ(
      message_of([](auto& config) { config.lr = -1; }),
      "lr must be >= 0, got -1");
  EXPECT_EQ(
      message_of([](auto& config) { config.momentum_teacher = 1.5; }),
      "momentum_teacher must be between 0 and 1, got 1.5");
}

}  // namespace
}  // namespace nadir::train
