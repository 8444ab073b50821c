#include "launch/place.h"

namespace nadir::launch {

Place read_place(const Environment& environment, int64_t num_gpus) {
  const auto plan = read_host_plan(environment, num_gpus);
  if (!plan || (plan->num_processes == 1 && environment("RANK"))) {
    return read_rank_environment(environment);
  }
  if (plan->world_size() == 1) {
    return RankEnvironment();
  }
  return *plan;
}

RankEnvironment first_rank_of(const HostPlan& plan) {
  RankEnvironment ranks;
  ranks.engine = plan.engine;
  ranks.rank = plan.node_rank * plan.num_processes;
  ranks.world_size = plan.world_size();
  ranks.local_size = plan.num_processes;
  ranks.node_rank = plan.node_rank;
  ranks.master_address = plan.master_address;
  ranks.master_port = plan.master_port;
  return ranks;
}

HostJob host_job_of(const HostPlan& plan, std::vector<std::string> command) {
  HostJob job;
  job.command = std::move(command);
  job.num_processes = plan.num_processes;
  job.num_nodes = plan.num_nodes;
  job.node_rank = plan.node_rank;
  job.master_address = plan.master_address;
  job.master_port = plan.master_port;
  job.grace = plan.grace;
  if (!plan.network_interface.empty()) {
    job.variables = {"NCCL_SOCKET_IFNAME=" + plan.network_interface};
  }
  return job;
}

}  // namespace nadir::launch
