// What this machine does, measured: steps of one process, of some side by
// side, of some that share them, and sums.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "scaling/jobs.h"

namespace nadir::scaling {

// Steps of one process of so many threads, by itself.
struct MeasuredSteps {
  std::vector<double> step_s;  // of all rounds
  StepTimeline timeline;       // of the round in the middle
  int64_t num_parameters = 0;
  // How much longer a step takes where `num_copies` that know nothing of each
  // other fill the processors: memory, caches and clock are shared.
  int64_t num_copies = 1;
  double crowding = 1;
};

struct Machine {
  int64_t num_processors = 1;
  // Share of the processors' time that others took in the measurement that they
  // disturbed most.
  double other_load = 0;
  std::map<int64_t, MeasuredSteps> steps;           // by threads
  std::map<int64_t, std::vector<TimedSum>> sums;    // by processes
  std::map<int64_t, std::vector<double>> joined_s;  // steps shared by so many

  // Of one process that has all processors, or the threads it was given.
  [[nodiscard]] const MeasuredSteps& alone() const {
    return steps.rbegin()->second;
  }
};

// Threads of each of `num_processes` on so many processors.
[[nodiscard]] constexpr int64_t threads_of(
    int64_t num_processors, int64_t num_processes) {
  return num_processors > num_processes ? num_processors / num_processes : 1;
}

// Steps of one process, and sums of two.
[[nodiscard]] Machine measure_machine(
    const WorkerProgram& program, int64_t num_steps);

// Besides, for each of `processes`, what a prediction of its steps needs and
// the steps themselves; `num_rounds` times by turns, so that a machine that
// others use as well slows all alike.
[[nodiscard]] Machine measure_machine_for_check(
    const WorkerProgram& program,
    const std::vector<int64_t>& processes,
    int64_t num_steps,
    int64_t num_rounds);

}  // namespace nadir::scaling
