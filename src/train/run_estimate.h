// What a run will take, before it starts: memory and time.
#pragma once

#include <cstdint>
#include <string>

#include "train/pretrain_config.h"

namespace nadir::train {

struct RunEstimate {
  int64_t num_parameters = 0;  // of the student, head included
  double step_gflop = 0;       // one optimiser step, multiply and add apart
  double memory_bytes = 0;     // of the first process at its peak, on the CPU
  double step_s = 0;           // 0 where the device's rate was not measured
};

// Counts parameters, arithmetic and memory of a step. `gflop_per_s` is the
// device's rate at the products of the network (model::measure_gflop_per_s());
// of several processes each has buckets of gradients besides. Throws
// Error{kInvalidArgument} on fields out of range.
[[nodiscard]] RunEstimate estimate_run(
    const PretrainConfig& config,
    int64_t num_bands,
    double gflop_per_s,
    int64_t world_size = 1);

// Multiply-adds, counted as two, of one image of `side_px` pixels through the
// network without its head.
[[nodiscard]] double forward_gflop(
    const model::VitConfig& model, int64_t num_bands, int64_t side_px);

}  // namespace nadir::train
