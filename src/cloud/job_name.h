// Names of jobs: made once, printed, the same in every place that holds
// something of the job.
#pragma once

#include <chrono>
#include <string>

namespace nadir::cloud {

// BASE-2026-01-31-12-34-56-789, UTC; BASE is cut so that 63 characters hold
// all. Throws as check_job_name().
[[nodiscard]] std::string make_job_name(
    const std::string& base, std::chrono::system_clock::time_point time);

// Throws Error{kInvalidArgument} unless `name`, given as `flag`, has 1 to 63
// letters, digits and dashes, and no dash at its ends.
void check_job_name(const std::string& name, const std::string& flag);

}  // namespace nadir::cloud
