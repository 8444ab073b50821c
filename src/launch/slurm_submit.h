// Handing a batch job to Slurm.
#pragma once

#include <string>

#include "launch/slurm_script.h"

namespace nadir::launch {

struct SubmittedJob {
  std::string id;
  std::filesystem::path script;  // LOG_FOLDER/job.sh
};

// Writes the job's script and gives it to sbatch. Throws
// Error{kInvalidArgument} where another job's script is there already and not
// `may_overwrite`, or where sbatch refuses, in its own words; Error{kNotFound}
// where there is no sbatch; what slurm_script() throws. Then all is as it was.
[[nodiscard]] SubmittedJob submit_slurm_job(
    const SlurmJob& job, bool may_overwrite);

}  // namespace nadir::launch
