#include "train/step_memory.h"

#include <functional>

#include <gtest/gtest.h>

#include "support/tensor_bytes.h"
#include "train/dino_learner.h"
#include "train/step_views.h"

namespace nadir::train {
namespace {

using Change = std::function<void(PretrainConfig&)>;

// Activations are most of what a step takes.
PretrainConfig config_with(const Change& change) {
  PretrainConfig config;
  config.model.arch = "vit_nano";
  config.model.patch_size = 8;
  config.views.global_crop_size = 64;
  config.views.local_crop_size = 32;
  config.views.local_crops_number = 4;
  config.head.head_hidden_dim = 256;
  config.head.head_bottleneck_dim = 64;
  config.head.out_dim = 512;
  config.optim.batch_size_per_gpu = 16;
  change(config);
  return config;
}

// Of the tensors of two steps, the second with the optimiser's moments.
double measured_bytes(const PretrainConfig& config) {
  const int64_t batch = config.optim.batch_size_per_gpu;
  const int64_t large = config.views.global_crop_size;
  const int64_t small = config.views.local_crop_size;
  const int64_t num_small = config.views.local_crops_number * batch;
  const MicroBatch views{
      {random_tensor({2 * batch, 3, large, large}, 1),
       random_tensor({num_small, 3, small, small}, 2)},
      batch};
  return static_cast<double>(peak_tensor_bytes([&] {
    DinoLearner learner(config, 3, at::kCPU);
    for (int64_t step = 0; step < 2; ++step) {
      static_cast<void>(
          learner.step(step, step_values(), true, [&] { return views; }));
    }
  }));
}

struct MemoryCase {
  const char* name;
  Change change;
};

class StepMemoryOf : public testing::TestWithParam<MemoryCase> {};

// Stochastic depth draws another share of rows than its mean, and vectors,
// sums of softmax and layouts are not counted.
constexpr double kTolerance = 0.03;

TEST_P(StepMemoryOf, IsThatOfTheTensorsOfAStep) {
  const auto config = config_with(GetParam().change);
  const double expected = measured_bytes(config);
  EXPECT_NEAR(
      step_memory(config, 3, 1).peak / 1e6,
      expected / 1e6,
      kTolerance * expected / 1e6);
}

INSTANTIATE_TEST_SUITE_P(
    Cases,
    StepMemoryOf,
    testing::Values(
        MemoryCase{"Default", [](PretrainConfig& /*config*/) {}},
        MemoryCase{
            "Accumulated",
            [](PretrainConfig& config) { config.optim.accumulate = 2; }},
        MemoryCase{
            "WithActivationsComputedAgain",
            [](PretrainConfig& config) {
              config.model.checkpoint_activations = true;
            }},
        MemoryCase{
            "PerCropSize",
            [](PretrainConfig& config) {
              config.optim.backward_per_crop_size = true;
            }},
        MemoryCase{
            "PerCropSizeWithActivationsComputedAgain",
            [](PretrainConfig& config) {
              config.model.checkpoint_activations = true;
              config.optim.backward_per_crop_size = true;
            }},
        MemoryCase{
            "OfManyPrototypes",
            [](PretrainConfig& config) { config.head.out_dim = 32'768; }},
        MemoryCase{
            "OfOneImage",
            [](PretrainConfig& config) {
              config.optim.batch_size_per_gpu = 1;
            }},
        MemoryCase{
            "WithSgd",
            [](PretrainConfig& config) { config.optim.optimizer = "sgd"; }},
        MemoryCase{
            "InHalfPrecision",
            [](PretrainConfig& config) {
              config.run.precision = "bf16";
              config.optim.batch_size_per_gpu = 4;  // it is slow
              config.head.head_hidden_dim = 64;
              config.head.out_dim = 128;
            }}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(BackwardPerCropSize, TakesLessMemoryThanTheJointPass) {
  const auto joint = config_with([](PretrainConfig& /*config*/) {});
  auto apart = joint;
  apart.optim.backward_per_crop_size = true;
  // Two views of 65 tokens are 1.9 times four of 17.
  EXPECT_LT(measured_bytes(apart), 0.75 * measured_bytes(joint));
}

}  // namespace
}  // namespace nadir::train
