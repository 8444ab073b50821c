// What SageMaker says of a job, as a plain struct.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cloud/job_kind.h"
#include "cloud/job_spec.h"

namespace nadir::cloud {

struct Transition {
  std::string status;
  std::string message;
  double start_s = 0;  // since 1970
};

struct JobState {
  JobKind kind = JobKind::kTraining;
  std::string name;
  std::string arn;
  std::string status;  // InProgress, Completed, Failed, Stopping, Stopped
  std::string detail;  // Training, Uploading ...; status where it has none
  std::string failure_reason;  // "" unless it failed
  std::vector<Transition> transitions;
  double created_s = 0;
  double started_s = 0;     // 0 before
  double ended_s = 0;       // 0 before
  int64_t billable_s = -1;  // -1 where it is not told
  std::string instance_type;
  int64_t instance_count = 0;
  bool is_spot = false;
  std::string image;
  std::string model_uri;       // of model.tar.gz or a folder; "" for none yet
  std::string output_uri;      // of all its outputs
  std::string checkpoint_uri;  // "" for none
  std::string model_name;      // of a transform job
  Pairs hyperparameters;       // decoded from JSON where they are texts
  std::vector<MetricDefinition> metrics;
  std::vector<std::pair<std::string, double>> final_metrics;

  [[nodiscard]] bool is_final() const {
    return status == "Completed" || status == "Failed" || status == "Stopped";
  }

  // Seconds from the start to the end or to `now_s`; 0 before the start.
  [[nodiscard]] double running_s(double now_s) const;
};

// Of an answer to DescribeTrainingJob and its like.
[[nodiscard]] JobState parse_job_state(
    JobKind kind, const nlohmann::json& answer);

// Asks for the job; nothing where there is none of this kind. Throws what `api`
// throws for anything else.
[[nodiscard]] std::optional<JobState> describe_job(
    const Api& api, JobKind kind, const std::string& name);

// The job of any kind. Throws Error{kNotFound} where there is none.
[[nodiscard]] JobState find_job(const Api& api, const std::string& name);

struct JobSummary {
  JobKind kind = JobKind::kTraining;
  std::string name;
  std::string status;
  std::string detail;
  double created_s = 0;
  double ended_s = 0;
};

struct ListQuery {
  std::vector<JobKind> kinds{JobKind::kTraining};
  std::string name_contains;
  std::string status;
  int64_t limit = 20;
};

// The newest first.
[[nodiscard]] std::vector<JobSummary> list_jobs(
    const Api& api, const ListQuery& query);

}  // namespace nadir::cloud
