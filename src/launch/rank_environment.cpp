#include "launch/rank_environment.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/random.h"
#include "launch/host_list.h"

namespace nadir::launch {
namespace {

constexpr int64_t kDefaultPort = 29500;  // torch's own

// A port below the system's own range, the same on all hosts of a job.
int64_t port_of_job(const std::string& job) {
  constexpr int64_t kFirst = 20'000;
  constexpr uint64_t kNumPorts = 10'000;
  return kFirst + static_cast<int64_t>(hash_text(job) % kNumPorts);
}

// MASTER_ADDR and MASTER_PORT, or what the engine says.
void set_master(
    RankEnvironment& ranks,
    const Environment& environment,
    const std::optional<std::string>& address,
    int64_t port) {
  check_same(environment, "MASTER_ADDR", "PET_MASTER_ADDR");
  check_same(environment, "MASTER_PORT", "PET_MASTER_PORT");
  const auto given = environment("MASTER_ADDR");
  NADIR_CHECK(
      given || address || ranks.world_size == ranks.local_size,
      "{}: {} processes on more than one host, and MASTER_ADDR does not say "
      "where rank 0 is; set it to that host's address",
      ranks.engine,
      ranks.world_size);
  ranks.master_address = given.value_or(address.value_or("127.0.0.1"));
  ranks.master_port = number_of(environment, "MASTER_PORT", 1).value_or(port);
  NADIR_CHECK(
      ranks.master_port < 65'536,
      "the environment says MASTER_PORT={}, expected a port up to 65535",
      ranks.master_port);
}

void check_ranks(const RankEnvironment& ranks) {
  NADIR_CHECK(
      ranks.world_size >= 1 && ranks.rank < ranks.world_size,
      "{}: rank {} is not below the number of processes, {}",
      ranks.engine,
      ranks.rank,
      ranks.world_size);
  NADIR_CHECK(
      ranks.local_size >= 1 && ranks.local_rank < ranks.local_size &&
          ranks.local_size <= ranks.world_size,
      "{}: local rank {} of {} does not fit {} processes in all",
      ranks.engine,
      ranks.local_rank,
      ranks.local_size,
      ranks.world_size);
}

RankEnvironment of_rank_variables(const Environment& environment) {
  RankEnvironment ranks;
  const bool is_torchrun = environment("TORCHELASTIC_RUN_ID").has_value();
  ranks.engine = is_torchrun                    ? "torchrun"
                 : environment("PET_NODE_RANK") ? "PyTorchJob"
                                                : "environment";
  ranks.rank = required_number(environment, "RANK", "WORLD_SIZE");
  ranks.world_size = required_number(environment, "WORLD_SIZE", "RANK");
  ranks.local_rank = number_of(environment, "LOCAL_RANK").value_or(0);
  ranks.local_size = number_of(environment, "LOCAL_WORLD_SIZE")
                         .value_or(ranks.local_rank == 0 ? 1 : 0);
  NADIR_CHECK(
      ranks.local_size > 0,
      "the environment says LOCAL_RANK={} but not LOCAL_WORLD_SIZE; an engine "
      "sets both",
      ranks.local_rank);
  ranks.node_rank = number_of(environment, "GROUP_RANK")
                        .value_or(number_of(environment, "PET_NODE_RANK")
                                      .value_or(ranks.rank / ranks.local_size));
  ranks.is_store_hosted = environment("TORCHELASTIC_USE_AGENT_STORE") == "True";
  ranks.restart_count =
      number_of(environment, "TORCHELASTIC_RESTART_COUNT").value_or(0);
  set_master(ranks, environment, {}, kDefaultPort);
  return ranks;
}

bool has_mpi_variables(const Environment& environment) {
  return environment("OMPI_COMM_WORLD_RANK") || environment("PMI_RANK") ||
         environment("PMI_SIZE");
}

RankEnvironment of_open_mpi(const Environment& environment) {
  RankEnvironment ranks;
  const std::string because = "OMPI_COMM_WORLD_RANK";
  ranks.engine = "Open MPI";
  ranks.rank = required_number(environment, because, because);
  ranks.world_size =
      required_number(environment, "OMPI_COMM_WORLD_SIZE", because);
  ranks.local_rank =
      required_number(environment, "OMPI_COMM_WORLD_LOCAL_RANK", because);
  ranks.local_size =
      required_number(environment, "OMPI_COMM_WORLD_LOCAL_SIZE", because);
  ranks.node_rank =
      (ranks.rank - ranks.local_rank) / std::max(ranks.local_size, int64_t{1});
  const auto job = environment("PMIX_NAMESPACE");
  set_master(ranks, environment, {}, job ? port_of_job(*job) : kDefaultPort);
  return ranks;
}

std::optional<std::string> first_host(const Environment& environment) {
  const auto list = environment("SLURM_STEP_NODELIST");
  if (!list) {
    return std::nullopt;
  }
  return expand_host_list(*list).front();
}

int64_t slurm_port(const Environment& environment) {
  return port_of_job(
      environment("SLURM_JOB_ID").value_or("") + "." +
      environment("SLURM_STEP_ID").value_or(""));
}

RankEnvironment of_pmi(const Environment& environment) {
  RankEnvironment ranks;
  ranks.engine = "PMI";
  ranks.rank = required_number(environment, "PMI_RANK", "PMI_SIZE");
  ranks.world_size = required_number(environment, "PMI_SIZE", "PMI_RANK");
  ranks.local_rank =
      number_of(environment, "MPI_LOCALRANKID")
          .value_or(
              number_of(environment, "SLURM_LOCALID").value_or(ranks.rank));
  ranks.local_size =
      number_of(environment, "MPI_LOCALNRANKS").value_or(ranks.world_size);
  ranks.node_rank =
      (ranks.rank - ranks.local_rank) / std::max(ranks.local_size, int64_t{1});
  set_master(
      ranks, environment, first_host(environment), slurm_port(environment));
  return ranks;
}

RankEnvironment of_slurm(const Environment& environment) {
  RankEnvironment ranks;
  const std::string because = "SLURM_STEP_ID";
  ranks.engine = "Slurm";
  ranks.rank = required_number(environment, "SLURM_PROCID", because);
  const auto of_step = number_of(environment, "SLURM_STEP_NUM_TASKS");
  ranks.world_size =
      of_step ? *of_step
              : required_number(environment, "SLURM_NTASKS", because);
  ranks.local_rank = required_number(environment, "SLURM_LOCALID", because);
  ranks.node_rank = required_number(environment, "SLURM_NODEID", because);
  const auto counts = environment("SLURM_STEP_TASKS_PER_NODE");
  NADIR_CHECK(
      counts,
      "the environment has SLURM_STEP_ID but not SLURM_STEP_TASKS_PER_NODE");
  const auto local_sizes = expand_task_counts(*counts);
  NADIR_CHECK(
      ranks.node_rank < static_cast<int64_t>(local_sizes.size()),
      "the environment contradicts itself: SLURM_NODEID={} but "
      "SLURM_STEP_TASKS_PER_NODE={}",
      ranks.node_rank,
      *counts);
  ranks.local_size = local_sizes[static_cast<size_t>(ranks.node_rank)];
  ranks.restart_count =
      number_of(environment, "SLURM_RESTART_COUNT").value_or(0);
  set_master(
      ranks, environment, first_host(environment), slurm_port(environment));
  return ranks;
}

}  // namespace

bool is_started_by_launcher(const Environment& environment) {
  return environment("LOCAL_RANK") || has_mpi_variables(environment) ||
         (environment("SLURM_STEP_ID") && environment("SLURM_PROCID"));
}

RankEnvironment read_rank_environment(const Environment& environment) {
  RankEnvironment ranks;
  // A pod's RANK surrounds what mpirun starts in it.
  const bool is_mpi_in_pod = environment("PET_NODE_RANK") &&
                             !environment("LOCAL_RANK") &&
                             has_mpi_variables(environment);
  if (!is_mpi_in_pod && (environment("RANK") || environment("WORLD_SIZE"))) {
    ranks = of_rank_variables(environment);
  } else if (environment("OMPI_COMM_WORLD_RANK")) {
    ranks = of_open_mpi(environment);
  } else if (environment("PMI_RANK") || environment("PMI_SIZE")) {
    ranks = of_pmi(environment);
  } else if (environment("SLURM_STEP_ID") && environment("SLURM_PROCID")) {
    // The shell of salloc and sbatch has the numbers of the job, but no step.
    ranks = of_slurm(environment);
  }
  check_ranks(ranks);
  return ranks;
}

}  // namespace nadir::launch
