// What this process is in a run: the one rule for all engines.
#pragma once

#include <variant>

#include "launch/host_job.h"
#include "launch/host_plan.h"
#include "launch/rank_environment.h"

namespace nadir::launch {

// One of the run's processes (or its only one), or the launcher of this host's.
using Place = std::variant<RankEnvironment, HostPlan>;

// The innermost launcher wins: a process that torchrun, mpirun or srun started
// is one of the run's, whatever surrounds it. Else an engine that starts one
// program a host makes this a launcher, unless the run has one process, or
// one a host that are numbered already. Throws as read_rank_environment() and
// read_host_plan().
[[nodiscard]] Place read_place(
    const Environment& environment, int64_t num_gpus);

// The first process that `plan` would start here.
[[nodiscard]] RankEnvironment first_rank_of(const HostPlan& plan);

// `plan` as a job that runs `command`, program first.
[[nodiscard]] HostJob host_job_of(
    const HostPlan& plan, std::vector<std::string> command);

}  // namespace nadir::launch
