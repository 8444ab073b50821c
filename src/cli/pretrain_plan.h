// What a pretraining run will be and take, printed before it starts.
#pragma once

#include <c10/core/Device.h>

#include "cli/pretrain_data.h"

namespace nadir::cli {

// Prints the effective batch of `world_size` processes, learning rate, steps,
// and estimates of memory and time.
void print_plan(
    const train::PretrainConfig& config,
    const PretrainData& data,
    c10::Device device,
    int64_t world_size);

}  // namespace nadir::cli
