// Optimiser steps of DINO from views to moved teacher: shapes of the reference
// recipe and of EuroSAT's (recipes/). The same beside PyTorch:
// bench/train/dino_step_bench.cpp.
#include <string_view>

#include "bench/cases.h"
#include "bench/timing.h"
#include "bench/training_step.h"
#include "core/error.h"
#include "train/run_estimate.h"

namespace nadir::bench {
namespace {

Measured time_steps(const StepShape& shape, int64_t repeats) {
  TrainingStep step(shape);
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
    const char* name, const char* network, StepShape shape, int64_t repeats) {
  return {
      name,
      fmt::format(
          "pretraining step, {}, 2 x {} + 8 x {} px, {} prototypes, batch {}{}",
          network,
          shape.global_px,
          shape.local_px,
          shape.out_dim,
          shape.batch_size,
          std::string_view(shape.precision) == "fp32" ? "" : ", bfloat16"),
      "images/s",
      Limit::kProducts,
      [shape, repeats](const CaseContext&) {
        return time_steps(shape, repeats);
      }};
}

}  // namespace

std::vector<Case> training_cases() {
  return {
      step_case(
          "step_small", "ViT-S/16", {"vit_small", 16, 224, 96, 65536, 8}, 2),
      step_case(
          "step_small_bf16",
          "ViT-S/16",
          {"vit_small", 16, 224, 96, 65536, 8, "bf16"},
          2),
      step_case(
          "step_tiny", "ViT-Ti/16", {"vit_tiny", 16, 224, 96, 65536, 8}, 3),
      step_case(
          "step_small_64px", "ViT-S/8", {"vit_small", 8, 64, 32, 1024, 32}, 2)};
}

}  // namespace nadir::bench
