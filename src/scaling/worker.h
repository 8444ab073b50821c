// What one of the processes does that `nadir bench scaling` starts: a task from
// a file, its result to another. Both are of one program and of no use to
// others. Torch-free.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "train/pretrain_config.h"

namespace nadir::scaling {

// The variable that makes `nadir bench scaling` one of them, and names the
// folder. Only this program sets it.
inline constexpr char kTaskVariable[] = "NADIR_BENCH_TASK";

struct Task {
  std::string kind = "steps";  // or "sums"
  bool is_joined = false;      // steps: the processes share them
  int64_t num_threads = 1;
  int64_t num_bands = 3;
  int64_t num_steps = 5;
  std::vector<int64_t> sizes_bytes;  // of sums
};

[[nodiscard]] nlohmann::json to_json(const Task& task);

// Does the task of `folder`/task.json as the process that the environment says
// (launch::read_rank_environment()), and writes `folder`/rank-R.json: steps as
// to_json(ProfiledSteps), sums as a list on rank 0 alone.
void run_worker(
    const std::filesystem::path& folder, const train::PretrainConfig& config);

}  // namespace nadir::scaling
