#include "scaling/check.h"

#include "scaling/median.h"
#include "scaling/straggler.h"
#include "scaling/sum_cost.h"

namespace nadir::scaling {

SimulatedStep predict_step_here(const Machine& machine, int64_t num_processes) {
  const int64_t threads = threads_of(machine.num_processors, num_processes);
  const MeasuredSteps& steps = machine.steps.at(threads);
  StepPlace place;
  place.num_processors = static_cast<double>(machine.num_processors);
  place.compute_processors = static_cast<double>(num_processes * threads);
  StepTimeline timeline = steps.timeline;
  if (num_processes == 1) {
    timeline.buckets.clear();
    timeline.late_sums_bytes.clear();
    return simulate_step(timeline, place);
  }
  const auto& sums = machine.sums.at(num_processes);
  place.sum = [&sums](double num_bytes) {
    return interpolated_sum(sums, num_bytes);
  };
  place.slowest_factor = 1 + relative_spread(steps.step_s) *
                                 expected_largest_normal(num_processes);
  return simulate_step(stretched(timeline, steps.crowding), place);
}

std::vector<CheckedSteps> check_predictions(const Machine& machine) {
  std::vector<CheckedSteps> rows;
  for (const auto& [num_processes, step_s] : machine.joined_s) {
    CheckedSteps row;
    row.num_processes = num_processes;
    row.num_threads = threads_of(machine.num_processors, num_processes);
    row.predicted = predict_step_here(machine, num_processes);
    row.measured_s = median(step_s);
    row.measured_spread = relative_spread(step_s);
    row.error = row.predicted.step_s / row.measured_s - 1;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace nadir::scaling
