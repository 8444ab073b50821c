// A learner and its views on a GPU beside the CPU's; skipped without one.
#include "support/gpu.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "train/step_views.h"

namespace nadir::train {
namespace {

constexpr int64_t kSteps = 4;

struct Outcome {
  std::vector<double> losses;
  checkpoint::TensorMap start;
  checkpoint::TensorMap state;
};

checkpoint::TensorMap on_cpu(const checkpoint::TensorMap& tensors) {
  checkpoint::TensorMap copies;
  for (const auto& [name, tensor] : tensors) {
    copies[name] = tensor.to(at::kCPU).clone();
  }
  return copies;
}

Outcome train_on(at::Device device, const PretrainConfig& config) {
  DinoLearner learner(config, 3, device);
  Outcome outcome;
  outcome.start = on_cpu(learner.state());
  for (int64_t step = 0; step < kSteps; ++step) {
    const StepViews views(static_cast<uint64_t>(step));
    const auto result = learner.step(
        step, step_values(), true, views.in_parts(config.optim.accumulate));
    outcome.losses.push_back(result.loss);
  }
  outcome.state = on_cpu(learner.state());
  return outcome;
}

// Relative to the way that the student went.
double deviation(const Outcome& a, const Outcome& b) {
  return distance(a.state, b.state, "student.") /
         distance(b.start, b.state, "student.");
}

TEST(LearnerOnGpu, TrainsAsOnTheCpu) {
  NADIR_NEEDS_GPU(gpu);
  for (const bool per_crop_size : {false, true}) {
    auto config = learner_config(2);
    config.optim.optimizer = "sgd";
    config.optim.backward_per_crop_size = per_crop_size;
    const auto cpu = train_on(at::kCPU, config);
    const auto other = train_on(gpu, config);
    for (size_t step = 0; step < cpu.losses.size(); ++step) {
      EXPECT_NEAR(other.losses[step], cpu.losses[step], 1e-4) << step;
    }
    EXPECT_LT(deviation(other, cpu), 1e-3);
    EXPECT_LT(distance(other.state, cpu.state, "dino_loss.center"), 1e-4);
  }
}

TEST(LearnerOnGpu, MovesByAdamAsOnTheCpu) {
  NADIR_NEEDS_GPU(gpu);
  const auto config = learner_config(1);
  const auto cpu = train_on(at::kCPU, config);
  const auto other = train_on(gpu, config);
  for (size_t step = 0; step < cpu.losses.size(); ++step) {
    EXPECT_NEAR(other.losses[step], cpu.losses[step], 1e-3) << step;
  }
  EXPECT_LT(deviation(other, cpu), 2e-2);
}

TEST(LearnerOnGpu, FollowsFloat32InBfloat16) {
  NADIR_NEEDS_GPU(gpu);
  auto config = learner_config(1);
  const auto exact = train_on(gpu, config);
  config.run.precision = "bf16";
  const auto rounded = train_on(gpu, config);
  for (size_t step = 0; step < exact.losses.size(); ++step) {
    EXPECT_NEAR(rounded.losses[step], exact.losses[step], 0.05) << step;
  }
  EXPECT_GT(deviation(rounded, exact), 0);
  EXPECT_LT(deviation(rounded, exact), 0.5);
}

TEST(LearnerOnGpu, ChangesNothingInAStepThatIsNotFinite) {
  NADIR_NEEDS_GPU(gpu);
  DinoLearner learner(learner_config(1), 3, gpu);
  static_cast<void>(
      learner.step(0, step_values(), false, StepViews(1).in_parts(1)));
  const auto before = on_cpu(learner.state());
  StepViews spoilt(2);
  spoilt.large[0][0][0][3][3] = std::numeric_limits<float>::quiet_NaN();
  const auto result = learner.step(1, step_values(), false, spoilt.in_parts(1));
  EXPECT_FALSE(result.is_finite);
  EXPECT_EQ(
      differing_tensors(before, on_cpu(learner.state())),
      std::vector<std::string>());
}

TEST(LearnerOnGpu, GoesOnFromTheStateOfTheCpu) {
  NADIR_NEEDS_GPU(gpu);
  const auto config = learner_config(1);
  const auto cpu = train_on(at::kCPU, config);
  DinoLearner learner(config, 3, gpu);
  learner.load_state(cpu.state);
  EXPECT_EQ(
      differing_tensors(cpu.state, on_cpu(learner.state())),
      std::vector<std::string>());
}

TEST(ViewSourceOnGpu, GivesWhatTheCpuIsGivenFromAnyStart) {
  NADIR_NEEDS_GPU(gpu);
  const auto tiles = std::make_shared<TileDataset>(13);
  const auto normalization = tile_normalization(*tiles);
  const auto config = tiny_config();
  ViewSource host(tiles, normalization, config);
  ViewSource device(tiles, normalization, config, 0, 1, gpu);
  for (const int64_t start : {0, 1}) {  // the second drops what was ahead
    host.start(start, 0, 3);
    device.start(start, 0, 3);
    for (int64_t i = 0; i < 3 * (3 - start); ++i) {
      const auto expected = host.next();
      const auto views = device.next();
      EXPECT_EQ(views.batch->samples, expected.batch->samples);
      ASSERT_EQ(views.groups.size(), expected.groups.size());
      for (size_t g = 0; g < views.groups.size(); ++g) {
        EXPECT_TRUE(views.groups[g].is_cuda());
        EXPECT_TRUE(
            at::equal(views.groups[g].to(at::kCPU), expected.groups[g]));
      }
      if (start == 0 && i == 4) {
        break;
      }
    }
  }
}

TEST(ViewSourceOnGpu, TellsOfABadImageInItsTurn) {
  NADIR_NEEDS_GPU(gpu);
  const auto tiles = std::make_shared<TileDataset>(8);
  tiles->damage({3});
  const auto config = tiny_config();
  ViewSource source(tiles, tile_normalization(*tiles), config, 0, 1, gpu);
  source.start(0, 0, 2);
  int64_t num_bad = 0;
  for (int64_t i = 0; i < 4; ++i) {
    try {
      const auto samples = source.next().batch->samples;
      EXPECT_EQ(std::count(samples.begin(), samples.end(), 3), 0);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("tile3"), std::string::npos);
      ++num_bad;
    }
  }
  EXPECT_EQ(num_bad, 2);  // one batch of two, in both epochs
}

}  // namespace
}  // namespace nadir::train
