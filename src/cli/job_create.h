// Creating a planned job: the calls in their order, and back again where one
// fails.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/job_plan.h"

namespace nadir::cli {

// The requests of the plan by operation, in the order in which they are sent.
[[nodiscard]] nlohmann::ordered_json requests_of(const JobPlan& plan);

// Sends them and writes the job's record. Returns the job's ARN. Where a call
// fails, what was made before it is removed. Throws as the services do, with
// what to do.
[[nodiscard]] std::string create_job(
    const JobPlan& plan, const JobClient& client);

// What cleaning up may remove of the job.
[[nodiscard]] cloud::JobRecord record_of(
    const JobPlan& plan, const std::string& region);

}  // namespace nadir::cli
