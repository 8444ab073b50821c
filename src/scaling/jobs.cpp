#include "scaling/jobs.h"

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "launch/host_job.h"
#include "scaling/other_load.h"

namespace nadir::scaling {
namespace {

using Results = std::vector<nlohmann::json>;

// One try: what rank 0, or each rank, has written.
Results try_task(
    const WorkerProgram& program,
    const Task& task,
    int64_t num_processes,
    int64_t num_results) {
  const TemporaryFolder folder;
  const auto recipe = folder.path() / "config.toml";
  auto config = program.config;
  write_file(recipe, to_toml(fields_of(config)));
  write_file(folder.path() / "task.json", json_text(to_json(task)));
  launch::HostJob job;
  job.command = program.command;
  job.command.push_back("--recipe");
  job.command.push_back(recipe.string());
  job.variables = {std::string(kTaskVariable) + "=" + folder.path().string()};
  job.num_processes = num_processes;
  const int status = launch::run_host_job(job);
  if (status != 0) {
    fail(
        ErrorCode::kInternal,
        "{} processes of {} threads that measure {} ended with status {}; what "
        "the first to fail said stands above",
        num_processes,
        task.num_threads,
        task.kind,
        status);
  }
  Results results;
  for (int64_t rank = 0; rank < num_results; ++rank) {
    results.push_back(parse_json(
        read_file(folder.path() / fmt::format("rank-{}.json", rank))));
  }
  return results;
}

Measured<Results> run_task(
    const WorkerProgram& program,
    const Task& task,
    int64_t num_processes,
    int64_t num_results) {
  Measured<Results> best;
  for (int64_t i = 0; i < program.most_tries; ++i) {
    const OtherLoad load;
    auto results = try_task(program, task, num_processes, num_results);
    const double share = load.share();
    if (i == 0 || share < best.other_load) {
      best = {std::move(results), share};
    }
    if (share <= kQuietLoad) {
      break;
    }
  }
  return best;
}

Task task_for(
    const WorkerProgram& program,
    const std::string& kind,
    int64_t num_threads,
    int64_t num_steps) {
  Task task;
  task.kind = kind;
  task.num_threads = num_threads;
  task.num_bands = program.num_bands;
  task.num_steps = num_steps;
  return task;
}

}  // namespace

Measured<std::vector<ProfiledSteps>> measure_separate_steps(
    const WorkerProgram& program,
    int64_t num_processes,
    int64_t num_threads,
    int64_t num_steps) {
  const Task task = task_for(program, "steps", num_threads, num_steps);
  const auto measured = run_task(program, task, num_processes, num_processes);
  Measured<std::vector<ProfiledSteps>> steps;
  steps.other_load = measured.other_load;
  for (const auto& json : measured.result) {
    steps.result.push_back(profiled_steps_of(json));
  }
  return steps;
}

Measured<ProfiledSteps> measure_joined_steps(
    const WorkerProgram& program,
    int64_t num_processes,
    int64_t num_threads,
    int64_t num_steps) {
  Task task = task_for(program, "steps", num_threads, num_steps);
  task.is_joined = true;
  const auto measured = run_task(program, task, num_processes, 1);
  return {profiled_steps_of(measured.result.front()), measured.other_load};
}

Measured<std::vector<TimedSum>> measure_sums(
    const WorkerProgram& program, int64_t num_processes, int64_t num_threads) {
  Task task = task_for(program, "sums", num_threads, 0);
  task.sizes_bytes = {
      1 << 10, 1 << 14, 1 << 18, 1 << 20, 1 << 22, 1 << 23, 1 << 25, 1 << 26};
  const auto measured = run_task(program, task, num_processes, 1);
  Measured<std::vector<TimedSum>> sums;
  sums.other_load = measured.other_load;
  for (const auto& sum : measured.result.front()) {
    sums.result.push_back(
        {sum.at("num_bytes").get<double>(),
         sum.at("wall_s").get<double>(),
         sum.at("processor_s").get<double>()});
  }
  return sums;
}

}  // namespace nadir::scaling
