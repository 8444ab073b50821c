// The processes of this host, where an engine starts one program a host and
// leaves the others to it: Kubeflow's pods, SageMaker's containers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/environment.h"

namespace nadir::launch {

struct HostPlan {
  std::string engine;         // for messages: "PyTorchJob", "SageMaker" ...
  int64_t num_processes = 1;  // here
  bool is_num_processes_given = false;  // by the engine, as a number
  int64_t num_nodes = 1;
  int64_t node_rank = 0;
  std::string master_address = "127.0.0.1";  // of host 0
  int64_t master_port = 0;                   // 0 on one host: a free one
  std::string network_interface{};           // empty: any
  // From the engine's signal to the processes' end.
  std::chrono::seconds grace{30};

  [[nodiscard]] int64_t world_size() const { return num_nodes * num_processes; }

  bool operator==(const HostPlan&) const = default;
};

// What the environment says of this host: Kubeflow's PET_* variables, with or
// without RANK (which counts pods there, not processes), or SageMaker's. As
// many processes as it says, or one for each of `num_gpus` GPUs and at least
// one. Nothing where no such engine speaks, or where a launcher within it has
// started this process already. Throws Error{kInvalidArgument} where variables
// are missing, are no numbers or contradict each other, with both values, and
// what read_sagemaker_plan() throws.
[[nodiscard]] std::optional<HostPlan> read_host_plan(
    const Environment& environment, int64_t num_gpus);

}  // namespace nadir::launch
