// Percentile bootstrap over images of any score. Private to the room.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "eval/metrics.h"

namespace nadir::eval {

// How often each of num_images images is drawn in one resample of a seed.
[[nodiscard]] std::vector<int32_t> draw_counts(
    int64_t num_images, uint64_t seed, int64_t resample);

// Where `confidence` of the values lie, NaN left out; nothing without values.
[[nodiscard]] std::optional<Interval> percentile_interval(
    std::vector<double> values, double confidence);

}  // namespace nadir::eval
