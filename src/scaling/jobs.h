// Measurements by processes that are started for them, so that threads, memory
// and group of each are as in a real run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scaling/profiled_steps.h"
#include "scaling/sum_cost.h"
#include "scaling/worker.h"

namespace nadir::scaling {

// How to start this program as a worker.
struct WorkerProgram {
  std::vector<std::string> command;  // --recipe follows
  train::PretrainConfig config;
  int64_t num_bands = 3;
  int64_t most_tries = 1;  // of a measurement that others disturb
};

// Of the processors' time that others take: as much as times may be off by.
inline constexpr double kQuietLoad = 0.05;

// What was measured, and the share of the processors' time that others took
// meanwhile.
template <class Result>
struct Measured {
  Result result;
  double other_load = 0;
};

// Each starts `num_processes` of `num_threads` and waits; again, up to
// program.most_tries times, while others take more than kQuietLoad, and then
// the least disturbed counts. Throws Error{kInternal} where a process failed,
// which has said why.

// Steps of processes that know nothing of each other, one a process.
[[nodiscard]] Measured<std::vector<ProfiledSteps>> measure_separate_steps(
    const WorkerProgram& program,
    int64_t num_processes,
    int64_t num_threads,
    int64_t num_steps);

// Steps that the processes share, as the first one saw them.
[[nodiscard]] Measured<ProfiledSteps> measure_joined_steps(
    const WorkerProgram& program,
    int64_t num_processes,
    int64_t num_threads,
    int64_t num_steps);

// At least two processes.
[[nodiscard]] Measured<std::vector<TimedSum>> measure_sums(
    const WorkerProgram& program, int64_t num_processes, int64_t num_threads);

}  // namespace nadir::scaling
