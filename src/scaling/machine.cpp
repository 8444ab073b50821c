#include "scaling/machine.h"

#include <algorithm>

#include "core/log.h"
#include "core/parallel.h"
#include "scaling/median.h"

namespace nadir::scaling {
namespace {

// All rounds of one number of threads.
struct StepRounds {
  std::vector<ProfiledSteps> alone;
  std::vector<double> crowding;
};

void append(std::vector<double>& all, const std::vector<double>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

MeasuredSteps summary_of(StepRounds rounds, int64_t num_copies) {
  MeasuredSteps summary;
  for (const auto& round : rounds.alone) {
    append(summary.step_s, round.step_s);
  }
  const auto middle = rounds.alone.begin() +
                      static_cast<std::ptrdiff_t>(rounds.alone.size() / 2);
  std::nth_element(
      rounds.alone.begin(),
      middle,
      rounds.alone.end(),
      [](const auto& a, const auto& b) {
        return a.timeline.compute_s() < b.timeline.compute_s();
      });
  summary.timeline = middle->timeline;
  summary.num_parameters = middle->num_parameters;
  summary.num_copies = num_copies;
  if (!rounds.crowding.empty()) {
    summary.crowding = std::max(1.0, median(rounds.crowding));
  }
  return summary;
}

// The median over rounds, size by size.
std::vector<TimedSum> median_sums(
    const std::vector<std::vector<TimedSum>>& rounds) {
  auto sums = rounds.front();
  for (size_t i = 0; i < sums.size(); ++i) {
    std::vector<double> wall_s;
    std::vector<double> processor_s;
    for (const auto& round : rounds) {
      wall_s.push_back(round[i].wall_s);
      processor_s.push_back(round[i].processor_s);
    }
    sums[i].wall_s = median(wall_s);
    sums[i].processor_s = median(processor_s);
  }
  return sums;
}

// Takes measurements and remembers how much others disturbed them.
class Measurer {
 public:
  Measurer(const WorkerProgram& program, int64_t num_steps, Machine& machine)
      : program_(program), num_steps_(num_steps), machine_(machine) {
    machine_.num_processors = available_threads();
  }

  void measure_steps(
      int64_t num_threads, int64_t num_copies, StepRounds& rounds) {
    auto alone =
        note(measure_separate_steps(program_, 1, num_threads, num_steps_));
    if (num_copies > 1) {
      std::vector<double> step_s;
      for (const auto& copy : note(measure_separate_steps(
               program_, num_copies, num_threads, num_steps_))) {
        append(step_s, copy.step_s);
      }
      rounds.crowding.push_back(median(step_s) / median(alone.front().step_s));
    }
    rounds.alone.push_back(std::move(alone.front()));
  }

  std::vector<TimedSum> time_sums_of(int64_t num_processes) {
    return note(measure_sums(
        program_,
        num_processes,
        threads_of(machine_.num_processors, num_processes)));
  }

  std::vector<double> time_joined_steps(int64_t num_processes) {
    return note(measure_joined_steps(
                    program_,
                    num_processes,
                    threads_of(machine_.num_processors, num_processes),
                    num_steps_))
        .step_s;
  }

 private:
  template <class Result>
  Result note(Measured<Result> measured) {
    machine_.other_load = std::max(machine_.other_load, measured.other_load);
    return std::move(measured.result);
  }

  const WorkerProgram& program_;
  int64_t num_steps_;
  Machine& machine_;
};

}  // namespace

Machine measure_machine(const WorkerProgram& program, int64_t num_steps) {
  Machine machine;
  Measurer measurer(program, num_steps, machine);
  const int64_t wanted = program.config.run.num_threads;
  const int64_t num_threads = wanted > 0 ? wanted : machine.num_processors;
  StepRounds rounds;
  log_info("bench", "steps of one process, {} threads", num_threads);
  measurer.measure_steps(num_threads, 1, rounds);
  machine.steps[num_threads] = summary_of(std::move(rounds), 1);
  log_info("bench", "sums of two processes");
  machine.sums[2] = measurer.time_sums_of(2);
  return machine;
}

Machine measure_machine_for_check(
    const WorkerProgram& program,
    const std::vector<int64_t>& processes,
    int64_t num_steps,
    int64_t num_rounds) {
  Machine machine;
  Measurer measurer(program, num_steps, machine);
  const int64_t num_processors = machine.num_processors;
  std::map<int64_t, StepRounds> steps;
  std::map<int64_t, int64_t> copies;  // by threads: what fills the processors
  for (const int64_t p : processes) {
    const int64_t threads = threads_of(num_processors, p);
    copies[threads] =
        std::max(copies[threads], std::min(p, num_processors / threads));
  }
  std::map<int64_t, std::vector<std::vector<TimedSum>>> sums;
  for (int64_t round = 0; round < num_rounds; ++round) {
    log_info("bench", "round {} of {}", round + 1, num_rounds);
    for (const auto& [threads, num_copies] : copies) {
      measurer.measure_steps(threads, num_copies, steps[threads]);
    }
    for (const int64_t p : processes) {
      if (p > 1) {
        sums[p].push_back(measurer.time_sums_of(p));
      }
      append(machine.joined_s[p], measurer.time_joined_steps(p));
    }
  }
  for (auto& [threads, rounds] : steps) {
    machine.steps[threads] = summary_of(std::move(rounds), copies[threads]);
  }
  for (const auto& [p, rounds] : sums) {
    machine.sums[p] = median_sums(rounds);
  }
  return machine;
}

}  // namespace nadir::scaling
