// Predicted against measured steps of processes of this machine.
#pragma once

#include <vector>

#include "scaling/machine.h"
#include "scaling/step_simulation.h"

namespace nadir::scaling {

// By how much a prediction may be off.
inline constexpr double kAllowedError = 0.15;

struct CheckedSteps {
  int64_t num_processes = 0;
  int64_t num_threads = 0;  // of each
  SimulatedStep predicted;
  double measured_s = 0;  // median
  double measured_spread = 0;
  double error = 0;  // predicted / measured - 1
};

// Predicts the step of `num_processes` that share it, from steps of one process
// and sums alone: nothing that was shared is looked at.
[[nodiscard]] SimulatedStep predict_step_here(
    const Machine& machine, int64_t num_processes);

// A row for each number of processes whose shared steps were measured.
[[nodiscard]] std::vector<CheckedSteps> check_predictions(
    const Machine& machine);

}  // namespace nadir::scaling
