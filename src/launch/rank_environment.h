// Which process of how many this one is, as the engine that started it says.
#pragma once

#include <cstdint>
#include <string>

#include "core/environment.h"

namespace nadir::launch {

struct RankEnvironment {
  std::string engine = "none";  // for messages: "torchrun", "Slurm" ...
  int64_t rank = 0;             // of all processes
  int64_t world_size = 1;
  int64_t local_rank = 0;  // of the processes on this host
  int64_t local_size = 1;
  int64_t node_rank = 0;
  std::string master_address = "127.0.0.1";  // where rank 0's store listens
  int64_t master_port = 0;
  bool is_store_hosted = false;  // torchrun's agent holds the store
  int64_t restart_count = 0;     // of this job by its engine

  bool operator==(const RankEnvironment&) const = default;
};

// Whether torchrun, our own launcher, MPI or a Slurm step started this process
// as one of several, with its place among those of its host.
[[nodiscard]] bool is_started_by_launcher(const Environment& environment);

// Reads the variables of, in this order: RANK and WORLD_SIZE (torchrun,
// Kubeflow's PyTorchJob, our own launcher, or by hand), Open MPI, PMI (MPICH,
// Intel MPI), a Slurm step. The innermost launcher wins: torchrun under srun
// is torchrun. None of them: one process. Throws Error{kInvalidArgument} where
// variables are missing, are no numbers, or contradict each other, with the
// names and values of both.
[[nodiscard]] RankEnvironment read_rank_environment(
    const Environment& environment);

}  // namespace nadir::launch
