#include "train/trainer.h"

#include <algorithm>
#include <csignal>

#include <gtest/gtest.h>

#include "core/json.h"
#include "core/signals.h"
#include "data/sampler.h"
#include "train/tiny_training.h"

namespace nadir::train {
namespace {

namespace fs = std::filesystem;

runs::RunStatus status_of(const TinyTraining& training) {
  return runs::read_status(training.root());
}

std::vector<std::string> checkpoints_of(const TinyTraining& training) {
  std::vector<std::string> names;
  for (const auto& folder : checkpoint::list_checkpoints(training.root())) {
    names.push_back(folder.filename().string());
  }
  return names;
}

TEST(Trainer, RecordsEveryStepAndFinishes) {
  auto config = tiny_config();
  config.run.stats_every_steps = 5;
  TinyTraining training(config, std::make_shared<TileDataset>(13));
  const auto result = training.start();
  EXPECT_TRUE(result.is_finished);
  EXPECT_EQ(result.num_steps, 12);
  EXPECT_EQ(result.signal, 0);
  const auto losses = training.losses();
  ASSERT_EQ(losses.size(), 12U);
  EXPECT_EQ(losses.back().second, result.final_loss);
  const Schedules schedules(config.optim, 3, images_per_step(config.optim, 1));
  for (const auto& record : training.records()) {
    if (!record.contains("loss")) {
      continue;
    }
    const int64_t step = record["step"];
    const auto values = schedules.at(step - 1);
    EXPECT_EQ(record["lr"], values.lr);
    EXPECT_EQ(record["weight_decay"], values.weight_decay);
    EXPECT_EQ(record["momentum"], values.momentum);
    EXPECT_EQ(record["teacher_temp"], values.teacher_temp);
    EXPECT_EQ(record["epoch"], static_cast<double>(step) / 3);
    EXPECT_GT(record["images_per_s"], 0);
    EXPECT_GT(record["grad_norm"], 0);
    // Steps 1, 6 and 11, and the last.
    EXPECT_EQ(record.contains("teacher_entropy"), step % 5 == 1 || step == 12)
        << step;
  }
  EXPECT_EQ(status_of(training).state, runs::RunState::kFinished);
  EXPECT_EQ(status_of(training).step, 12);
  EXPECT_EQ(training.events("finish").size(), 1U);
}

TEST(Trainer, KeepsTheLastTheBestAndEveryNthCheckpoint) {
  auto config = tiny_config();
  config.optim.epochs = 7;
  config.run.saveckp_freq = 3;
  config.run.save_every_steps = 0;  // each epoch
  TinyTraining training(config, std::make_shared<TileDataset>(13));
  std::vector<double> scores = {0.1, 0.9, 0.2, 0.3, 0.4, 0.5, 0.6};
  size_t next = 0;
  training.evaluate = [&](const model::VisionTransformer&) {
    return Score{"knn_accuracy", scores.at(next++)};
  };
  const auto result = training.start();
  EXPECT_EQ(result.best->value, 0.9);
  // Epochs 3 and 6 for good, 2 is the best, 7 the last.
  EXPECT_EQ(
      checkpoints_of(training),
      (std::vector<std::string>{
          "step-00000006", "step-00000009", "step-00000018", "step-00000021"}));
  std::vector<double> recorded;
  for (const auto& record : training.records()) {
    if (record.contains("knn_accuracy")) {
      recorded.push_back(record["knn_accuracy"]);
    }
  }
  EXPECT_EQ(recorded, scores);
}

TEST(Trainer, ScoresEveryNthEpochAndTheLast) {
  auto config = tiny_config();
  config.optim.epochs = 5;
  config.run.knn_every_epochs = 2;
  TinyTraining training(config, std::make_shared<TileDataset>(4));
  int64_t num_scores = 0;
  training.evaluate = [&](const model::VisionTransformer&) {
    ++num_scores;
    return Score{"knn_accuracy", 0.5};
  };
  static_cast<void>(training.start());
  EXPECT_EQ(num_scores, 3);  // epochs 2, 4 and 5
}

TEST(Trainer, SavesWhatItHasWhenScoringFails) {
  TinyTraining training(tiny_config(), std::make_shared<TileDataset>(13));
  training.evaluate = [](const model::VisionTransformer&) -> Score {
    fail(ErrorCode::kIo, "validation/tile3 cannot be read");
  };
  EXPECT_EQ(
      error_of(ErrorCode::kIo, [&] { (void)training.start(); }),
      "validation/tile3 cannot be read");
  EXPECT_NO_THROW(checkpoint::verify_checkpoint(training.checkpoint(3)));
}

class TrainerSignals : public testing::Test {
 protected:
  void SetUp() override {
    forget_signal();
    catch_signals();
  }

  void TearDown() override {
    forget_signal();
    for (const int number : {SIGTERM, SIGINT, SIGUSR1}) {
      std::signal(number, SIG_DFL);
    }
  }
};

TEST_F(TrainerSignals, StopARunAfterItsStepAndSaveIt) {
  const auto tiles = std::make_shared<TileDataset>(13);
  TinyTraining straight(tiny_config(), tiles);
  static_cast<void>(straight.start());
  TinyTraining training(tiny_config(), tiles);
  int64_t num_scores = 0;
  training.evaluate = [&](const model::VisionTransformer&) {
    if (++num_scores == 2) {
      std::raise(SIGTERM);
    }
    return Score{"knn_accuracy", 0.5};
  };
  const auto result = training.start();
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_FALSE(result.is_finished);
  EXPECT_EQ(result.num_steps, 6);
  EXPECT_NO_THROW(checkpoint::verify_checkpoint(training.checkpoint(6)));
  EXPECT_EQ(status_of(training).state, runs::RunState::kStopped);
  EXPECT_EQ(status_of(training).message, "stopped by signal 15");
  EXPECT_EQ(
      training.events("stop"),
      std::vector<std::string>{"stopped by signal 15"});
  forget_signal();
  static_cast<void>(training.resume());
  EXPECT_EQ(training.losses(), straight.losses());
}

TEST_F(TrainerSignals, StopARunThatHasNotBegun) {
  std::raise(SIGINT);
  TinyTraining training(tiny_config(), std::make_shared<TileDataset>(13));
  const auto result = training.start();
  EXPECT_EQ(result.signal, SIGINT);
  EXPECT_EQ(result.num_steps, 0);
  EXPECT_NO_THROW(checkpoint::verify_checkpoint(training.checkpoint(0)));
}

// Views hold pixels within +-1e4, so that no image alone makes a loss that is
// not finite; a normalisation this steep takes that to 1e21, whose square
// overflows, while sound tiles stay below 1e17.
class TrainerNonfinite : public testing::Test {
 protected:
  TrainerNonfinite()
      : training(tiny_config(), std::make_shared<TileDataset>(12, 12)) {
    training.pixel_std = 1e-17;
  }

  TinyTraining training;
};

// Four steps in all, but never more than two in a row.
TEST_F(TrainerNonfinite, SkipsStepsWithinTheLimitAndNamesTheirImages) {
  training.config.run.max_nonfinite_steps = 2;
  training.tiles->spoil({7});
  const auto result = training.start();
  // Tile 7 is in one of three batches of each epoch.
  EXPECT_TRUE(result.is_finished);
  EXPECT_EQ(result.num_steps, 12);
  EXPECT_EQ(training.losses().size(), 8U);
  EXPECT_EQ(training.events("warning").size(), 4U);
  int64_t num_notes = 0;
  for (const auto& entry : fs::directory_iterator(training.root())) {
    if (!entry.path().filename().string().starts_with("nonfinite-")) {
      continue;
    }
    ++num_notes;
    const auto note = parse_json(read_file(entry.path()));
    EXPECT_EQ(note["loss"], "not finite");
    const std::vector<std::string> images = note["images"];
    EXPECT_EQ(images.size(), 4U);
    EXPECT_EQ(std::count(images.begin(), images.end(), "tile7"), 1);
  }
  EXPECT_EQ(num_notes, 4);
  for (const auto& [name, tensor] :
       checkpoint::load_checkpoint(training.checkpoint(12)).tensors) {
    EXPECT_TRUE(tensor.isfinite().all().item<bool>()) << name;
  }
}

TEST_F(TrainerNonfinite, StopsPastTheLimitWithTheLastGoodState) {
  training.config.run.max_nonfinite_steps = 2;
  training.config.run.stop_after_steps = 4;
  static_cast<void>(training.start());
  const auto good = checkpoint::load_checkpoint(training.checkpoint(4)).tensors;
  training.config.run.stop_after_steps = 0;
  std::set<int64_t> all;
  for (int64_t i = 0; i < 12; ++i) {
    all.insert(i);
  }
  training.tiles->spoil(all);
  const auto message =
      error_of(ErrorCode::kInternal, [&] { (void)training.resume(); });
  EXPECT_NE(message.find("3 steps in a row"), std::string::npos) << message;
  EXPECT_NE(message.find("step-00000006"), std::string::npos) << message;
  EXPECT_EQ(status_of(training).state, runs::RunState::kFailed);
  EXPECT_EQ(status_of(training).message, message);
  // Nothing has moved since step 4.
  EXPECT_EQ(
      differing_tensors(
          checkpoint::load_checkpoint(training.checkpoint(6)).tensors, good),
      std::vector<std::string>());
  // And with sound images the run goes on.
  training.tiles->spoil({});
  EXPECT_TRUE(training.resume().is_finished);
}

TEST(TrainerBadImages, EndTheRunWithItsStateSaved) {
  const auto tiles = std::make_shared<TileDataset>(13);
  TinyTraining straight(tiny_config(), tiles);
  static_cast<void>(straight.start());
  TinyTraining training(tiny_config(), std::make_shared<TileDataset>(13));
  training.config.run.stop_after_steps = 2;
  static_cast<void>(training.start());
  training.config.run.stop_after_steps = 0;
  // An image of the fifth step that is not in the third.
  const data::Sampler sampler({.num_samples = 13, .batch_size = 4});
  const auto first = sampler.order(0);
  const auto second = sampler.order(1);
  const auto damaged =
      std::find_if(second.begin() + 4, second.begin() + 8, [&](int64_t tile) {
        return std::find(first.begin() + 8, first.end(), tile) == first.end();
      });
  ASSERT_NE(damaged, second.begin() + 8);
  training.tiles->damage({*damaged});
  const auto message =
      error_of(ErrorCode::kCorruptData, [&] { (void)training.resume(); });
  EXPECT_NE(message.find("is cut short"), std::string::npos) << message;
  EXPECT_NO_THROW(checkpoint::verify_checkpoint(training.checkpoint(4)));
  EXPECT_EQ(status_of(training).state, runs::RunState::kFailed);
  training.tiles->damage({});
  static_cast<void>(training.resume());
  EXPECT_EQ(training.losses(), straight.losses());
}

TEST(TrainerBadImages, AreNamedOnceWhereSomeAreAllowed) {
  auto config = tiny_config();
  config.run.max_bad_share = 0.2;
  const auto tiles = std::make_shared<TileDataset>(12);
  tiles->damage({3, 8});
  TinyTraining training(config, tiles);
  EXPECT_TRUE(training.start().is_finished);
  EXPECT_EQ(
      training.events("warning"),
      (std::vector<std::string>{
          "bad image: tile3 is cut short", "bad image: tile8 is cut short"}));
}

TEST(TrainerHealth, WarnsOfACollapseInTheRecords) {
  // Temperatures so high that teacher and student are uniform.
  auto config = tiny_config();
  config.loss.student_temp = 1000;
  config.optim.teacher_temp = 1000;
  config.optim.warmup_teacher_temp_epochs = 0;
  config.optim.epochs = 205;
  config.optim.batch_size_per_gpu = 1;
  config.views.local_crops_number = 0;
  config.run.stats_every_steps = 10;
  TinyTraining training(config, std::make_shared<TileDataset>(1));
  static_cast<void>(training.start());
  const auto warnings = training.events("warning");
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("collapse to uniform"), std::string::npos)
      << warnings[0];
}

TEST(Trainer, RefusesFieldsOutOfRangeByName) {
  const auto message_of = [](auto change) {
    TinyTraining training(tiny_config(), std::make_shared<TileDataset>(13));
    change(training.config);
    return error_of(
        ErrorCode::kInvalidArgument, [&] { (void)training.start(); });
  };
  EXPECT_EQ(
      message_of([](auto& config) { config.optim.accumulate = 0; }),
      "accumulate must be at least 1, got 0");
  EXPECT_EQ(
      message_of([](auto& config) { config.optim.batch_size_per_gpu = 0; }),
      "batch_size_per_gpu must be at least 1, got 0");
  EXPECT_EQ(
      message_of([](auto& config) { config.model.patch_size = 0; }),
      "patch_size must be at least 1, got 0");
  EXPECT_EQ(
      message_of([](auto& config) { config.views.local_crop_size = 12; }),
      "local_crop_size must be a multiple of patch_size = 8, got 12");
  EXPECT_EQ(
      message_of([](auto& config) { config.run.stats_every_steps = 0; }),
      "stats_every_steps must be at least 1, got 0");
  EXPECT_EQ(
      message_of([](auto& config) {
        config.run.precision = "fp16";
      }).substr(0, 35),
      "precision must be one of fp32, bf16");
}

}  // namespace
}  // namespace nadir::train
