#include "optim/schedule.h"

#include <cmath>
#include <numbers>

#include "core/error.h"

namespace nadir::optim {
namespace {

constexpr double kReferenceBatch = 256;

// As NumPy: both ends included, the last one exactly.
void append_linspace(
    std::vector<double>& values, double begin, double end, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const double step =
        count > 1 ? (end - begin) / static_cast<double>(count - 1) : 0;
    const bool is_last = i + 1 == count && count > 1;
    values.push_back(is_last ? end : begin + static_cast<double>(i) * step);
  }
}

}  // namespace

std::vector<double> cosine_schedule(
    double base, double final, int64_t num_steps, int64_t warmup_steps) {
  NADIR_CHECK(
      warmup_steps >= 0 && warmup_steps <= num_steps,
      "a warm-up of {} steps does not fit into {} steps; lower warmup_epochs "
      "or raise epochs",
      warmup_steps,
      num_steps);
  std::vector<double> values;
  values.reserve(static_cast<size_t>(num_steps));
  append_linspace(values, 0, base, warmup_steps);
  const int64_t num_cosine = num_steps - warmup_steps;
  for (int64_t i = 0; i < num_cosine; ++i) {
    const double phase = std::numbers::pi * static_cast<double>(i) /
                         static_cast<double>(num_cosine);
    values.push_back(final + 0.5 * (base - final) * (1 + std::cos(phase)));
  }
  return values;
}

std::vector<double> teacher_temp_schedule(
    double warmup, double final, int64_t num_epochs, int64_t warmup_epochs) {
  NADIR_CHECK(
      warmup_epochs >= 0 && warmup_epochs <= num_epochs,
      "warmup_teacher_temp_epochs of {} does not fit into {} epochs",
      warmup_epochs,
      num_epochs);
  std::vector<double> values;
  values.reserve(static_cast<size_t>(num_epochs));
  append_linspace(values, warmup, final, warmup_epochs);
  values.resize(static_cast<size_t>(num_epochs), final);
  return values;
}

double scaled_learning_rate(double lr, int64_t global_batch) {
  return lr * static_cast<double>(global_batch) / kReferenceBatch;
}

}  // namespace nadir::optim
