#include <functional>

#include <gtest/gtest.h>

#include "train/tiny_training.h"

namespace nadir::train {
namespace {

// The losses of steps of 16 images, four an epoch.
std::vector<double> losses_of(
    int64_t world_size,
    int64_t batch_size,
    int64_t accumulate,
    int64_t epochs = 12,
    const std::function<void(PretrainConfig&)>& change = {}) {
  auto config = tiny_config();
  if (change) {
    change(config);
  }
  config.optim.epochs = epochs;
  config.optim.batch_size_per_gpu = batch_size;
  config.optim.accumulate = accumulate;
  TinyTraining training(config, std::make_shared<TileDataset>(67));
  training.world_size = world_size;
  EXPECT_TRUE(training.start().is_finished);
  std::vector<double> losses;
  for (const auto& [step, loss] : training.losses()) {
    losses.push_back(loss);
  }
  return losses;
}

void expect_near(
    const std::vector<double>& losses, const std::vector<double>& expected) {
  ASSERT_EQ(losses.size(), expected.size());
  for (size_t i = 0; i < losses.size(); ++i) {
    ASSERT_NEAR(losses[i], expected[i], 2e-4) << "step " << i + 1;
  }
}

TEST(DataParallel, LossesAreThoseOfOneProcess) {
  const auto alone = losses_of(1, 16, 1);
  ASSERT_EQ(alone.size(), 48U);
  expect_near(losses_of(2, 8, 1), alone);
  expect_near(losses_of(4, 4, 1), alone);
  expect_near(losses_of(2, 4, 2), alone);
}

// Buckets start with the backward pass over the last size alone.
TEST(DataParallel, LossesOfBackwardPerCropSizeAreThoseOfOneProcess) {
  const auto alone = losses_of(1, 16, 1, 3);
  const auto per_crop_size = [](PretrainConfig& config) {
    config.optim.backward_per_crop_size = true;
  };
  expect_near(losses_of(2, 8, 1, 3, per_crop_size), alone);
  expect_near(losses_of(2, 4, 2, 3, per_crop_size), alone);
}

TEST(DataParallel, BatchNormalisationIsOverTheImagesOfAllProcesses) {
  const auto use_batch_norm = [](PretrainConfig& config) {
    config.head.use_bn_in_head = true;
  };
  const auto alone = losses_of(1, 16, 1, 3, use_batch_norm);
  expect_near(losses_of(2, 8, 1, 3, use_batch_norm), alone);
  // And it is no idle setting.
  EXPECT_GT(std::abs(alone.front() - losses_of(1, 16, 1, 3).front()), 1e-3);
}

TEST(DataParallel, StatisticsAreOfAllImagesOfTheStep) {
  const auto records_of = [](int64_t world_size, int64_t batch_size) {
    auto config = tiny_config();
    config.optim.epochs = 1;
    config.optim.warmup_epochs = 0;
    config.optim.warmup_teacher_temp_epochs = 0;
    config.optim.batch_size_per_gpu = batch_size;
    TinyTraining training(config, std::make_shared<TileDataset>(9));
    training.world_size = world_size;
    EXPECT_TRUE(training.start().is_finished);
    std::vector<nlohmann::json> steps;
    for (const auto& record : training.records()) {
      if (record.contains("loss")) {
        steps.push_back(record);
      }
    }
    return steps;
  };
  const auto alone = records_of(1, 8);
  const auto shared = records_of(4, 2);
  ASSERT_EQ(alone.size(), 1U);
  ASSERT_EQ(shared.size(), 1U);
  for (const char* key :
       {"loss",
        "grad_norm",
        "teacher_entropy",
        "student_entropy",
        "kl",
        "batch_entropy",
        "prototypes_used",
        "feature_rank",
        "center_norm"}) {
    EXPECT_NEAR(
        shared[0][key],
        alone[0][key],
        1e-4 * std::abs(alone[0][key].get<double>()))
        << key;
  }
}

TEST(DataParallel, ResumesOnAnotherNumberOfProcesses) {
  const auto alone = losses_of(1, 16, 1);
  auto config = tiny_config();
  config.optim.epochs = 12;
  config.optim.batch_size_per_gpu = 4;
  config.run.stop_after_steps = 22;
  TinyTraining training(config, std::make_shared<TileDataset>(67));
  training.world_size = 4;
  EXPECT_EQ(training.start().num_steps, 22);
  training.config.optim.batch_size_per_gpu = 8;
  training.config.run.stop_after_steps = 31;
  training.world_size = 2;
  EXPECT_EQ(training.resume().num_steps, 31);
  training.config.optim.batch_size_per_gpu = 16;
  training.config.run.stop_after_steps = 0;
  training.world_size = 1;
  EXPECT_TRUE(training.resume().is_finished);
  std::vector<double> losses;
  for (const auto& [step, loss] : training.losses()) {
    losses.push_back(loss);
  }
  expect_near(losses, alone);
}

TEST(DataParallel, AnotherBatchThanTheRunsIsRefused) {
  auto config = tiny_config();
  config.run.stop_after_steps = 2;
  TinyTraining training(config, std::make_shared<TileDataset>(17));
  (void)training.start();
  training.config.optim.batch_size_per_gpu = 2;
  const std::string message =
      error_of(ErrorCode::kInvalidArgument, [&] { (void)training.resume(); });
  EXPECT_NE(message.find("the run had 4 images a step"), std::string::npos)
      << message;
}

TEST(DataParallel, AStepThatIsNotFiniteIsSkippedByAll) {
  auto config = tiny_config();
  config.optim.batch_size_per_gpu = 2;
  config.run.max_nonfinite_steps = 1;
  TinyTraining training(config, std::make_shared<TileDataset>(17));
  training.world_size = 2;
  training.pixel_std = 1e-38;  // views beyond float32
  const std::string message =
      error_of(ErrorCode::kInternal, [&] { (void)training.start(); });
  EXPECT_NE(message.find("2 steps in a row"), std::string::npos) << message;
}

}  // namespace
}  // namespace nadir::train
