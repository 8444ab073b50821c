#include "launch/host_plan.h"

#include <algorithm>

#include "core/error.h"
#include "launch/rank_environment.h"
#include "launch/sagemaker_plan.h"

namespace nadir::launch {
namespace {

constexpr int64_t kTorchPort = 29'500;

// An elastic job numbers its hosts when they meet, by torchrun's rendezvous.
void refuse_elastic(const Environment& environment) {
  const std::string num_nodes = environment("PET_NNODES").value_or("1");
  const bool has_master =
      environment("MASTER_ADDR") || environment("PET_MASTER_ADDR");
  NADIR_CHECK(
      num_nodes.find(':') == std::string::npos &&
          (has_master || !environment("PET_RDZV_ENDPOINT")),
      "an elastic job (PET_NNODES={}, PET_RDZV_ENDPOINT={}) needs torchrun to "
      "number its hosts: start `torchrun --no-python nadir pretrain ...` in "
      "its pods",
      num_nodes,
      environment("PET_RDZV_ENDPOINT").value_or(""));
}

// PET_NPROC_PER_NODE: a number, or what torchrun takes for "as it fits here".
void set_num_processes(
    HostPlan& plan, const Environment& environment, int64_t num_gpus) {
  const auto text = environment("PET_NPROC_PER_NODE");
  if (text == "auto" || text == "gpu") {
    plan.num_processes = std::max<int64_t>(num_gpus, 1);
  } else if (text && *text != "cpu") {  // one process takes all processors
    plan.num_processes = *number_of(environment, "PET_NPROC_PER_NODE", 1);
    plan.is_num_processes_given = true;
  }
}

// PyTorchJob's RANK is the pod's, its WORLD_SIZE counts processes.
void check_pod_variables(const HostPlan& plan, const Environment& environment) {
  check_same(environment, "RANK", "PET_NODE_RANK");
  const auto world_size = number_of(environment, "WORLD_SIZE", 1);
  const int64_t expected =
      plan.num_nodes * (plan.is_num_processes_given ? plan.num_processes : 1);
  NADIR_CHECK(
      !world_size || *world_size == expected,
      "the environment contradicts itself: WORLD_SIZE={} but PET_NNODES={} "
      "with PET_NPROC_PER_NODE={} are {} processes",
      *world_size,
      plan.num_nodes,
      environment("PET_NPROC_PER_NODE").value_or("1"),
      expected);
}

void set_pod_master(HostPlan& plan, const Environment& environment) {
  check_same(environment, "MASTER_ADDR", "PET_MASTER_ADDR");
  check_same(environment, "MASTER_PORT", "PET_MASTER_PORT");
  if (plan.num_nodes == 1) {
    return;  // they meet on this host, whatever its name resolves to
  }
  const auto address = environment("MASTER_ADDR");
  const auto of_pet = environment("PET_MASTER_ADDR");
  NADIR_CHECK(
      address || of_pet,
      "the environment has PET_NNODES={} but not PET_MASTER_ADDR; an engine "
      "sets both",
      plan.num_nodes);
  plan.master_address = address ? *address : *of_pet;
  const char* name =
      environment("MASTER_PORT") ? "MASTER_PORT" : "PET_MASTER_PORT";
  plan.master_port = number_of(environment, name, 1).value_or(kTorchPort);
}

HostPlan of_pod(const Environment& environment, int64_t num_gpus) {
  refuse_elastic(environment);
  HostPlan plan;
  const auto rank = number_of(environment, "RANK");
  plan.engine = rank ? "PyTorchJob" : "TrainJob";
  set_num_processes(plan, environment, num_gpus);
  const auto num_nodes = number_of(environment, "PET_NNODES", 1);
  const auto world_size = number_of(environment, "WORLD_SIZE", 1);
  plan.num_nodes =
      num_nodes ? *num_nodes
      : world_size
          ? std::max<int64_t>(
                1,
                *world_size /
                    (plan.is_num_processes_given ? plan.num_processes : 1))
          : 1;
  check_pod_variables(plan, environment);
  const auto node_rank = number_of(environment, "PET_NODE_RANK");
  NADIR_CHECK(
      node_rank || rank || plan.num_nodes == 1,
      "the environment has PET_NNODES={} but not PET_NODE_RANK; an engine sets "
      "both",
      plan.num_nodes);
  plan.node_rank = node_rank.value_or(rank.value_or(0));
  NADIR_CHECK(
      plan.node_rank < plan.num_nodes,
      "the environment contradicts itself: PET_NODE_RANK={} is not below "
      "PET_NNODES={}",
      plan.node_rank,
      plan.num_nodes);
  set_pod_master(plan, environment);
  return plan;
}

}  // namespace

std::optional<HostPlan> read_host_plan(
    const Environment& environment, int64_t num_gpus) {
  if (is_started_by_launcher(environment)) {
    return std::nullopt;
  }
  if (environment("PET_NNODES") || environment("PET_NPROC_PER_NODE")) {
    return of_pod(environment, num_gpus);
  }
  if (!environment("RANK") && is_sagemaker(environment)) {
    return read_sagemaker_plan(environment, num_gpus);
  }
  return std::nullopt;
}

}  // namespace nadir::launch
