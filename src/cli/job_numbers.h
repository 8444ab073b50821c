// The metrics of a job, from its log lines and from what the service kept.
#pragma once

#include <vector>

#include "cli/job_client.h"
#include "cloud/job_metrics.h"

namespace nadir::cli {

// All values, oldest first, by the job's own definitions, or by nadir's where
// it has none.
[[nodiscard]] std::vector<cloud::MetricPoint> metric_points(
    const JobClient& client, const cloud::JobState& state);

// The last value of each metric; the service's where its logs are gone.
[[nodiscard]] std::vector<std::pair<std::string, double>> last_metrics(
    const JobClient& client, const cloud::JobState& state);

}  // namespace nadir::cli
