// From what was measured here and what is assumed to what is predicted.
#pragma once

#include <cstdint>
#include <vector>

#include "scaling/scaling_config.h"
#include "scaling/scaling_model.h"

namespace nadir::scaling {

// The numbers of GPUs that are predicted: 8 to 512.
[[nodiscard]] const std::vector<int64_t>& predicted_gpus();

// Throws Error{kInvalidArgument} naming a field out of range.
void check_scaling_config(const ScalingConfig& config);

// The named network with what the other fields change.
[[nodiscard]] Network network_of(const ScalingConfig& config);

// `timeline` is of a step of `num_images` here, `loader_images_per_s` of
// --data here, 0 without. With step_ms the timeline is stretched to it, and
// the copies into buckets, which a GPU makes in no time, are left out.
[[nodiscard]] ScalingInput make_scaling_input(
    const ScalingConfig& config,
    const StepTimeline& timeline,
    int64_t num_images,
    double loader_images_per_s);

}  // namespace nadir::scaling
