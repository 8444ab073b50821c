#include "scaling/worker.h"

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "distributed/communicator.h"
#include "launch/rank_environment.h"
#include "scaling/step_profile.h"
#include "scaling/sum_benchmark.h"

namespace nadir::scaling {
namespace {

Task task_of(const nlohmann::json& json) {
  Task task;
  json.at("kind").get_to(task.kind);
  json.at("is_joined").get_to(task.is_joined);
  json.at("num_threads").get_to(task.num_threads);
  json.at("num_bands").get_to(task.num_bands);
  json.at("num_steps").get_to(task.num_steps);
  json.at("sizes_bytes").get_to(task.sizes_bytes);
  return task;
}

nlohmann::json json_of_sums(const std::vector<TimedSum>& sums) {
  auto json = nlohmann::json::array();
  for (const auto& sum : sums) {
    json.push_back(
        {{"num_bytes", sum.num_bytes},
         {"wall_s", sum.wall_s},
         {"processor_s", sum.processor_s}});
  }
  return json;
}

}  // namespace

nlohmann::json to_json(const Task& task) {
  return {
      {"kind", task.kind},
      {"is_joined", task.is_joined},
      {"num_threads", task.num_threads},
      {"num_bands", task.num_bands},
      {"num_steps", task.num_steps},
      {"sizes_bytes", task.sizes_bytes}};
}

void run_worker(
    const std::filesystem::path& folder, const train::PretrainConfig& config) {
  const Task task = task_of(parse_json(read_file(folder / "task.json")));
  at::set_num_threads(static_cast<int>(task.num_threads));
  const auto ranks = launch::read_rank_environment(process_environment());
  const auto group = std::make_shared<distributed::Communicator>(
      ranks, at::kCPU, distributed::ConnectOptions());
  const auto result =
      task.kind == "sums"
          ? json_of_sums(time_sums(*group, task.sizes_bytes))
          : to_json(profile_steps(
                config, task.num_bands, task.num_steps, task.is_joined, group));
  write_file(
      folder / fmt::format("rank-{}.json", ranks.rank), json_text(result));
}

}  // namespace nadir::scaling
