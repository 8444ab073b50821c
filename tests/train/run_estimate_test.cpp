#include "train/run_estimate.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/cpu.h"
#include "train/dino_learner.h"
#include "train/tiny_training.h"

namespace nadir::train {
namespace {

TEST(RunEstimate, CountsTheParametersOfTheNetwork) {
  for (const bool has_batch_norm : {false, true}) {
    for (const int64_t head_layers : {1, 2, 3}) {
      auto config = tiny_config();
      config.head.use_bn_in_head = has_batch_norm;
      config.head.head_layers = head_layers;
      EXPECT_EQ(
          estimate_run(config, 5, 0).num_parameters,
          DinoLearner(config, 5, at::kCPU).num_parameters())
          << head_layers << " layers, batch norm " << has_batch_norm;
    }
  }
}

TEST(RunEstimate, CountsThePublishedNetworks) {
  // docs/dino.md: backbones at 224 px and heads of 65,536 prototypes.
  PretrainConfig config;
  config.model.arch = "vit_tiny";
  EXPECT_EQ(estimate_run(config, 3, 0).num_parameters, 5'524'416 + 21'958'912);
  config.model.arch = "vit_small";
  config.model.patch_size = 8;
  EXPECT_EQ(estimate_run(config, 3, 0).num_parameters, 21'670'272 + 22'352'128);
  config.model.arch = "vit_base";
  config.model.patch_size = 16;
  EXPECT_EQ(estimate_run(config, 3, 0).num_parameters, 85'798'656 + 23'138'560);
}

TEST(RunEstimate, CountsTheArithmeticOfASmallVit) {
  // The forward pass of ViT-S/16 at 224 px is 4.6 G multiply-adds (DeiT,
  // arXiv:2012.12877), 9.2 GFLOP; a step is three of the student's (forward
  // and backward) and one of the teacher's on each of two global views.
  PretrainConfig config;
  config.views.local_crops_number = 0;
  config.head.out_dim = 1;
  config.head.head_hidden_dim = 1;
  config.head.head_bottleneck_dim = 1;
  config.optim.batch_size_per_gpu = 1;
  EXPECT_NEAR(estimate_run(config, 3, 0).step_gflop, 2 * 4 * 9.2, 1.5);
  config.optim.accumulate = 3;
  EXPECT_NEAR(estimate_run(config, 3, 0).step_gflop, 3 * 2 * 4 * 9.2, 4.5);
}

TEST(RunEstimate, CountsAForwardPassByItself) {
  EXPECT_NEAR(forward_gflop(model::VitConfig{}, 3, 224), 9.2, 0.1);
}

TEST(RunEstimate, TakesTimeFromTheDevicesRate) {
  const auto config = tiny_config();
  EXPECT_EQ(estimate_run(config, 3, 0).step_s, 0);
  const double slow = estimate_run(config, 3, 10).step_s;
  EXPECT_GT(slow, 0);
  EXPECT_NEAR(estimate_run(config, 3, 40).step_s, slow / 4, 1e-12);
}

TEST(RunEstimate, FindsAnyFieldThatItDividesByOutOfRange) {
  for (const auto& change : std::vector<std::function<void(PretrainConfig&)>>{
           [](auto& config) { config.optim.accumulate = 0; },
           [](auto& config) { config.optim.batch_size_per_gpu = 0; },
           [](auto& config) { config.model.patch_size = 0; },
           [](auto& config) { config.views.local_crop_size = 12; }}) {
    auto config = tiny_config();
    change(config);
    EXPECT_THROW(static_cast<void>(estimate_run(config, 3, 0)), Error);
  }
}

// docs/benchmarks/2026-11-26-memory.md: what `nadir pretrain` took.
TEST(RunEstimate, IsWithinATenthOfTheMemoryThatRunsTook) {
  struct Run {
    const char* arch;
    int64_t batch_size;
    int64_t out_dim;
    bool checkpoint_activations;
    bool backward_per_crop_size;
    double measured_mib;
  };

  for (const auto& run : std::vector<Run>{
           {"vit_small", 16, 65'536, false, false, 3273},
           {"vit_small", 16, 65'536, false, true, 2459},
           {"vit_small", 16, 65'536, true, false, 2233},
           {"vit_small", 16, 65'536, true, true, 2010},
           {"vit_small", 4, 65'536, false, false, 1897},
           {"vit_small", 8, 4096, false, false, 1829},
           {"vit_tiny", 8, 65'536, false, false, 1613}}) {
    PretrainConfig config;
    config.model.arch = run.arch;
    config.model.checkpoint_activations = run.checkpoint_activations;
    config.head.out_dim = run.out_dim;
    config.optim.batch_size_per_gpu = run.batch_size;
    config.optim.backward_per_crop_size = run.backward_per_crop_size;
    config.optim.epochs = 1;
    config.optim.warmup_epochs = 0;
    config.optim.freeze_last_layer = 0;
    const double mib = estimate_run(config, 3, 0).memory_bytes / (1 << 20);
    EXPECT_NEAR(mib, run.measured_mib, 0.1 * run.measured_mib)
        << run.arch << " x " << run.batch_size;
  }
}

TEST(RunEstimate, CountsTheCopyThatIsWrittenWhileStepsRun) {
  auto config = tiny_config();
  config.views.global_crop_size = 96;  // a step takes more than the last save
  config.optim.batch_size_per_gpu = 24;
  config.optim.epochs = 1;
  config.optim.warmup_teacher_temp_epochs = 1;
  config.run.save_every_steps = 0;
  const auto at_the_end = estimate_run(config, 3, 0);
  config.run.save_every_steps = 1;
  const auto meanwhile = estimate_run(config, 3, 0);
  // Two networks and two moments, which frozen prototypes do not have.
  const double copy = 4 * 4 * static_cast<double>(at_the_end.num_parameters);
  EXPECT_NEAR(
      meanwhile.memory_bytes - at_the_end.memory_bytes, copy, 0.01 * copy);
}

// Forgets the peak of what the process did before; false where the kernel
// does not allow it.
bool forget_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

TEST(RunEstimate, IsNearTheMemoryThatATrainingTakes) {
  if (!forget_peak()) {
    GTEST_SKIP() << "the kernel does not let a process reset its peak memory";
  }
  // Large enough that the step, not the program, decides.
  auto config = tiny_config();
  config.views.global_crop_size = 96;
  config.views.local_crop_size = 48;
  config.optim.batch_size_per_gpu = 24;
  config.optim.epochs = 1;
  config.optim.warmup_teacher_temp_epochs = 1;
  config.run.stop_after_steps = 2;
  const auto estimate = estimate_run(config, 3, 0);
  TinyTraining training(config, std::make_shared<TileDataset>(48));
  static_cast<void>(training.start());
  const double factor =
      estimate.memory_bytes / static_cast<double>(peak_resident_bytes());
  EXPECT_GT(factor, 1 / 1.5) << estimate.memory_bytes / 1e6 << " MB estimated";
  EXPECT_LT(factor, 1.5) << estimate.memory_bytes / 1e6 << " MB estimated";
}

}  // namespace
}  // namespace nadir::train
