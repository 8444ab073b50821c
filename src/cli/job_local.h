// `nadir job submit ... --local`: the job on this host.
#pragma once

#include "cli/job_plan.h"

namespace nadir::cli {

// Runs it and prints its lines. Exits with the job's status where it fails.
void run_job_here(const JobOptions& options, const JobPlan& plan);

}  // namespace nadir::cli
