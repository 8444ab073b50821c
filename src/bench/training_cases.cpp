// Optimiser steps of DINO from views to moved teacher: shapes of the reference
// recipe and of EuroSAT's (recipes/). The same beside PyTorch:
// bench/train/dino_step_bench.cpp.
#include <algorithm>
#include <string_view>

#include "bench/cases.h"
#include "bench/timing.h"
#include "bench/training_step.h"
#include "core/error.h"
#include "model/device.h"
#include "train/run_estimate.h"

namespace nadir::bench {
namespace {

constexpr int64_t kGpuBatch = 64;  // the reference recipe's, of one GPU
constexpr int64_t kGpuRepeats = 30;

Measured time_steps(
    const StepShape& shape, int64_t repeats, const std::string& device) {
  TrainingStep step(shape, model::open_device(device));
  Measured measured;
  measured.times = time_repeats(repeats, [&] {
    NADIR_CHECK(
        step.run(),
        "the loss of step {} of {} is not finite: this machine's arithmetic "
        "cannot be trusted; run its tests",
        step.count() - 1,
        shape.arch);
  });
  measured.num_items = static_cast<double>(shape.batch_size);
  measured.work = train::estimate_run(step.config(), 3, 0).step_gflop;
  return measured;
}

Case step_case(
    const char* name,
    const char* network,
    StepShape shape,
    int64_t repeats,
    bool is_gpu) {
  const bool is_fp32 = std::string_view(shape.precision) == "fp32";
  if (is_gpu) {
    shape.batch_size = std::max(shape.batch_size, kGpuBatch);
    repeats = kGpuRepeats;
  }
  return {
      name,
      fmt::format(
          "pretraining step, {}, 2 x {} + 8 x {} px, {} prototypes, batch {}{}",
          network,
          shape.global_px,
          shape.local_px,
          shape.out_dim,
          shape.batch_size,
          is_fp32 ? "" : ", bfloat16"),
      "images/s",
      is_gpu && !is_fp32 ? Limit::kBf16Products : Limit::kProducts,
      [shape, repeats](const CaseContext& context) {
        return time_steps(shape, repeats, context.device);
      }};
}

}  // namespace

std::vector<Case> training_cases(bool is_gpu) {
  const auto make = [is_gpu](
                        const char* name,
                        const char* network,
                        const StepShape& shape,
                        int64_t repeats) {
    return step_case(name, network, shape, repeats, is_gpu);
  };
  return {
      make("step_small", "ViT-S/16", {"vit_small", 16, 224, 96, 65536, 8}, 2),
      make(
          "step_small_bf16",
          "ViT-S/16",
          {"vit_small", 16, 224, 96, 65536, 8, "bf16"},
          2),
      make("step_tiny", "ViT-Ti/16", {"vit_tiny", 16, 224, 96, 65536, 8}, 3),
      make(
          "step_small_64px", "ViT-S/8", {"vit_small", 8, 64, 32, 1024, 32}, 2)};
}

}  // namespace nadir::bench
