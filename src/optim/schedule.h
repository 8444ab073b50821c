// Schedules as arrays with one value for each step or epoch, as the DINO
// reference computes them. All arithmetic in double precision.
#pragma once

#include <cstdint>
#include <vector>

namespace nadir::optim {

// `num_steps` values: the first `warmup_steps` are linspace(0, base), both ends
// included, the rest final + (base - final) (1 + cos(pi i / m)) / 2 for
// i = 0 .. m - 1, m = num_steps - warmup_steps. So base occurs twice after a
// warm-up, and the last value is a little short of final. Throws
// Error{kInvalidArgument} unless 0 <= warmup_steps <= num_steps.
[[nodiscard]] std::vector<double> cosine_schedule(
    double base, double final, int64_t num_steps, int64_t warmup_steps = 0);

// `num_epochs` values: linspace(warmup, final, warmup_epochs), both ends
// included, then final. Throws Error{kInvalidArgument} unless
// 0 <= warmup_epochs <= num_epochs.
[[nodiscard]] std::vector<double> teacher_temp_schedule(
    double warmup, double final, int64_t num_epochs, int64_t warmup_epochs);

// The learning rate of a batch: `lr` is given for 256 images.
[[nodiscard]] double scaled_learning_rate(double lr, int64_t global_batch);

}  // namespace nadir::optim
