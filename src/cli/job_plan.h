// From the settings of a job to all that is sent for it.
#pragma once

#include "cli/job_settings.h"
#include "cloud/job_kind.h"
#include "cloud/job_spec.h"

namespace nadir::cli {

struct JobPlan {
  cloud::JobKind kind = cloud::JobKind::kTraining;
  cloud::JobSpec spec;
};

// The plan without any service: of --dry-run, where the account's number stands
// as zeros if it would have to be asked for. Throws Error{kInvalidArgument} for
// settings that cannot be, before anything is sent.
[[nodiscard]] JobPlan plan_offline(const JobOptions& options);

// The same with the account's names; asks IAM, STS and SageMaker where needed.
[[nodiscard]] JobPlan plan_online(
    const JobOptions& options, const JobClient& client);

// Of a job on this host: channels may be folders, and --from-job one of
// --local-dir.
[[nodiscard]] JobPlan plan_local(const JobOptions& options);

// The metrics in the lines that `nadir train` prints.
[[nodiscard]] std::vector<cloud::MetricDefinition> printed_metrics();

// Refuses what would fail after minutes of waiting: channels without objects,
// buckets that are not there, a prefix of outputs or checkpoints that holds
// another job's. Throws Error{kInvalidArgument} and as S3 does.
void check_places(
    const JobOptions& options, const JobPlan& plan, const store::S3& s3);

}  // namespace nadir::cli
