// Optimiser steps of DINO from views to moved teacher: shapes of the reference
// recipe and of EuroSAT's (recipes/). The same beside PyTorch:
// bench/train/dino_step_bench.cpp.
#include <ATen/ATen.h>

#include "bench/cases.h"
#include "bench/timing.h"
#include "core/error.h"
#include "train/dino_learner.h"
#include "train/run_estimate.h"

namespace nadir::bench {
namespace {

struct StepShape {
  const char* arch;
  int64_t patch_size;
  int64_t global_px;
  int64_t local_px;
  int64_t out_dim;
  int64_t batch_size;
  int64_t repeats;
};

train::PretrainConfig config_of(const StepShape& shape) {
  train::PretrainConfig config;
  config.model.arch = shape.arch;
  config.model.patch_size = shape.patch_size;
  config.views.global_crop_size = shape.global_px;
  config.views.local_crop_size = shape.local_px;
  config.head.out_dim = shape.out_dim;
  config.optim.batch_size_per_gpu = shape.batch_size;
  return config;
}

Measured time_steps(const StepShape& shape) {
  const auto config = config_of(shape);
  const int64_t batch = shape.batch_size;
  const int64_t num_local = config.views.local_crops_number * batch;
  // Two sets by turns, so that the loss does not fall to nothing.
  std::vector<train::MicroBatch> batches;
  for (int i = 0; i < 2; ++i) {
    batches.push_back(
        {{at::randn({2 * batch, 3, shape.global_px, shape.global_px}),
          at::randn({num_local, 3, shape.local_px, shape.local_px})},
         batch});
  }
  train::DinoLearner learner(config, 3, at::kCPU);
  const train::StepValues values = {
      .lr = 1e-4,
      .weight_decay = 0.04,
      .momentum = 0.996,
      .teacher_temp = 0.04};
  int64_t step = 0;
  Measured measured;
  measured.times = time_repeats(shape.repeats, [&] {
    const auto& views = batches[static_cast<size_t>(step % 2)];
    const auto result =
        learner.step(step, values, false, [&] { return views; });
    NADIR_CHECK(
        result.is_finite,
        "the loss of step {} of {} is not finite: this machine's arithmetic "
        "cannot be trusted; run its tests",
        step,
        shape.arch);
    ++step;
  });
  measured.num_items = static_cast<double>(batch);
  measured.work = train::estimate_run(config, 3, 0).step_gflop;
  return measured;
}

Case step_case(const char* name, const char* network, StepShape shape) {
  return {
      name,
      fmt::format(
          "pretraining step, {}, 2 x {} + 8 x {} px, {} prototypes, batch {}",
          network,
          shape.global_px,
          shape.local_px,
          shape.out_dim,
          shape.batch_size),
      "images/s",
      Limit::kProducts,
      [shape](const CaseContext&) { return time_steps(shape); }};
}

}  // namespace

std::vector<Case> training_cases() {
  return {
      step_case(
          "step_small", "ViT-S/16", {"vit_small", 16, 224, 96, 65536, 8, 2}),
      step_case(
          "step_tiny", "ViT-Ti/16", {"vit_tiny", 16, 224, 96, 65536, 8, 3}),
      step_case(
          "step_small_64px", "ViT-S/8", {"vit_small", 8, 64, 32, 1024, 32, 2})};
}

}  // namespace nadir::bench
