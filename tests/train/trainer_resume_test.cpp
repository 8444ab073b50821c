// Runs that are interrupted give what they would have given: to the bit.
#include <gtest/gtest.h>

#include "train/tiny_training.h"

namespace nadir::train {
namespace {

checkpoint::TensorMap last_state(const TinyTraining& training) {
  return checkpoint::load_checkpoint(
             checkpoint::find_latest(training.root()).value())
      .tensors;
}

void expect_same(const TinyTraining& a, const TinyTraining& b) {
  EXPECT_EQ(a.losses(), b.losses());
  EXPECT_EQ(
      differing_tensors(last_state(a), last_state(b)),
      std::vector<std::string>());
}

struct Case {
  const char* name;
  int64_t num_tiles;
  int64_t batch_size;
  int64_t accumulate;
  std::vector<int64_t> stops;
};

void PrintTo(const Case& value, std::ostream* out) {
  *out << value.name;
}

class Resume : public testing::TestWithParam<Case> {};

TEST_P(Resume, EqualsTheStraightRun) {
  auto config = tiny_config();
  config.optim.batch_size_per_gpu = GetParam().batch_size;
  config.optim.accumulate = GetParam().accumulate;
  const auto tiles = std::make_shared<TileDataset>(GetParam().num_tiles);
  TinyTraining straight(config, tiles);
  const auto expected = straight.start();
  EXPECT_TRUE(expected.is_finished);

  TinyTraining broken(config, tiles);
  bool has_started = false;
  for (const int64_t stop : GetParam().stops) {
    broken.config.run.stop_after_steps = stop;
    const auto result = has_started ? broken.resume() : broken.start();
    EXPECT_EQ(result.num_steps, stop);
    EXPECT_FALSE(result.is_finished);
    has_started = true;
  }
  broken.config.run.stop_after_steps = 0;
  const auto result = broken.resume();
  EXPECT_TRUE(result.is_finished);
  EXPECT_EQ(result.final_loss, expected.final_loss);
  ASSERT_EQ(broken.losses().size(), static_cast<size_t>(result.num_steps));
  expect_same(straight, broken);
}

INSTANTIATE_TEST_SUITE_P(
    Stops,
    Resume,
    testing::Values(
        // Three batches an epoch, one tile left over.
        Case{"InAnEpoch", 13, 4, 1, {4}},
        Case{"AtTheEndOfAnEpoch", 13, 4, 1, {6}},
        Case{"OftenAndAtOnce", 13, 4, 1, {1, 2, 11}},
        // Seven batches make two steps of three: one is left over.
        Case{"InAnEpochWithBatchesLeftOver", 14, 2, 3, {3}},
        Case{"AtTheEndOfOneWithBatchesLeftOver", 14, 2, 3, {4}},
        Case{"WithAccumulation", 12, 2, 2, {4}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(TrainerResume, GivesTheSameLossesWithTwoLoaderThreads) {
  auto config = tiny_config();
  const auto tiles = std::make_shared<TileDataset>(13);
  TinyTraining one(config, tiles);
  static_cast<void>(one.start());
  config.run.num_workers = 2;
  TinyTraining two(config, tiles);
  static_cast<void>(two.start());
  expect_same(one, two);
}

TEST(TrainerResume, HasOtherLossesWithAnotherSeed) {
  auto config = tiny_config();
  const auto tiles = std::make_shared<TileDataset>(13);
  TinyTraining one(config, tiles);
  static_cast<void>(one.start());
  config.run.seed = 1;
  TinyTraining two(config, tiles);
  static_cast<void>(two.start());
  EXPECT_NE(one.losses(), two.losses());
}

// As after a crash behind a checkpoint: steps that were recorded but not saved
// are taken again, and are in the records once.
TEST(TrainerResume, TakesLostStepsAgain) {
  auto config = tiny_config();
  config.run.save_every_steps = 4;
  config.run.saveckp_freq = 1;
  const auto tiles = std::make_shared<TileDataset>(16);
  TinyTraining straight(config, tiles);
  static_cast<void>(straight.start());
  TinyTraining broken(config, tiles);
  broken.config.run.stop_after_steps = 11;
  static_cast<void>(broken.start());
  broken.config.run.stop_after_steps = 0;
  static_cast<void>(broken.resume(/*from_step=*/8));
  expect_same(straight, broken);
}

TEST(TrainerResume, GoesOnWithARunThatDiedBeforeItsFirstCheckpoint) {
  auto config = tiny_config();
  const auto tiles = std::make_shared<TileDataset>(13);
  TinyTraining straight(config, tiles);
  static_cast<void>(straight.start());
  TinyTraining broken(config, tiles);
  broken.config.run.stop_after_steps = 2;
  static_cast<void>(broken.start());
  std::filesystem::remove_all(broken.root() / "checkpoints");
  broken.config.run.stop_after_steps = 0;
  static_cast<void>(broken.restart());
  expect_same(straight, broken);
}

TEST(TrainerResume, KeepsTheBestScoreAndItsCheckpoint) {
  auto config = tiny_config();
  std::vector<double> scores = {0.3, 0.7, 0.5, 0.6};
  size_t next = 0;
  TinyTraining training(config, std::make_shared<TileDataset>(13));
  training.evaluate = [&](const model::VisionTransformer&) {
    return Score{"knn_accuracy", scores.at(next++)};
  };
  training.config.run.stop_after_steps = 9;
  static_cast<void>(training.start());
  training.config.run.stop_after_steps = 0;
  const auto result = training.resume();
  ASSERT_TRUE(result.best.has_value());
  EXPECT_EQ(result.best->value, 0.7);
  EXPECT_NO_THROW(checkpoint::verify_checkpoint(training.checkpoint(6)));
}

TEST(TrainerResume, DoesNothingOnAFinishedRun) {
  TinyTraining training(tiny_config(), std::make_shared<TileDataset>(13));
  const auto finished = training.start();
  const auto losses = training.losses();
  const auto result = training.resume();
  EXPECT_TRUE(result.is_finished);
  EXPECT_EQ(result.num_steps, finished.num_steps);
  EXPECT_EQ(result.final_loss, finished.final_loss);
  EXPECT_EQ(training.losses(), losses);
}

TEST(TrainerResume, RefusesOtherDataAndBatches) {
  TinyTraining training(tiny_config(), std::make_shared<TileDataset>(13));
  training.config.run.stop_after_steps = 4;
  static_cast<void>(training.start());
  training.tiles = std::make_shared<TileDataset>(24);
  const auto message =
      error_of(ErrorCode::kInvalidArgument, [&] { (void)training.resume(); });
  EXPECT_NE(message.find("3 steps an epoch"), std::string::npos) << message;
  EXPECT_NE(message.find("epochs of 6"), std::string::npos) << message;
}

TEST(TrainerResume, RefusesACheckpointOfAnotherNetwork) {
  TinyTraining training(tiny_config(), std::make_shared<TileDataset>(13));
  training.config.run.stop_after_steps = 1;
  static_cast<void>(training.start());
  training.config.head.out_dim = 65;
  const auto message =
      error_of(ErrorCode::kCorruptData, [&] { (void)training.resume(); });
  EXPECT_NE(message.find("of another shape"), std::string::npos) << message;
}

}  // namespace
}  // namespace nadir::train
