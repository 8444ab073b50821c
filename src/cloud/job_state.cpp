#include "cloud/job_state.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "aws/service_error.h"
#include "core/error.h"
#include "core/json.h"

namespace nadir::cloud {
namespace {

using nlohmann::json;

constexpr int64_t kMaxPage = 100;

// A member that may be absent or null.
const json& member(const json& object, const char* key) {
  static const json none;
  if (!object.is_object()) {
    return none;
  }
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

std::string text_of(const json& object, const std::string& key) {
  const json& value = member(object, key.c_str());
  return value.is_string() ? value.get<std::string>() : "";
}

double number_at(const json& object, const std::string& key) {
  const json& value = member(object, key.c_str());
  return value.is_number() ? value.get<double>() : 0;
}

std::string decoded(const std::string& value) {
  const json parsed = parse_json_or_discard(value);
  return parsed.is_string() ? parsed.get<std::string>() : value;
}

void read_transitions(const json& answer, JobState& state) {
  for (const auto& one : member(answer, "SecondaryStatusTransitions")) {
    state.transitions.push_back(
        {text_of(one, "Status"),
         text_of(one, "StatusMessage"),
         number_at(one, "StartTime")});
  }
}

void read_training(const json& answer, JobState& state) {
  const json& algorithm = member(answer, "AlgorithmSpecification");
  state.image = text_of(algorithm, "TrainingImage");
  for (const auto& one : member(algorithm, "MetricDefinitions")) {
    state.metrics.push_back({text_of(one, "Name"), text_of(one, "Regex")});
  }
  state.model_uri =
      text_of(member(answer, "ModelArtifacts"), "S3ModelArtifacts");
  state.output_uri =
      text_of(member(answer, "OutputDataConfig"), "S3OutputPath");
  while (state.output_uri.ends_with('/')) {
    state.output_uri.pop_back();
  }
  state.output_uri += "/" + state.name + "/output";
  state.checkpoint_uri = text_of(member(answer, "CheckpointConfig"), "S3Uri");
  const json& spot = member(answer, "EnableManagedSpotTraining");
  state.is_spot = spot.is_boolean() && spot.get<bool>();
  const json& billable = member(answer, "BillableTimeInSeconds");
  state.billable_s = billable.is_number() ? billable.get<int64_t>() : -1;
  for (const auto& [name, value] : member(answer, "HyperParameters").items()) {
    if (value.is_string()) {
      state.hyperparameters.emplace_back(
          name, decoded(value.get<std::string>()));
    }
  }
  for (const auto& one : member(answer, "FinalMetricDataList")) {
    state.final_metrics.emplace_back(
        text_of(one, "MetricName"), number_at(one, "Value"));
  }
}

void read_processing(const json& answer, JobState& state) {
  state.image = text_of(member(answer, "AppSpecification"), "ImageUri");
  const json& outputs =
      member(member(answer, "ProcessingOutputConfig"), "Outputs");
  if (outputs.is_array() && !outputs.empty()) {
    const std::string uri =
        text_of(member(outputs.front(), "S3Output"), "S3Uri");
    state.output_uri = uri.substr(0, uri.rfind('/'));
  }
}

const json& resources_of(JobKind kind, const json& answer) {
  switch (kind) {
    case JobKind::kTraining:
      return member(answer, "ResourceConfig");
    case JobKind::kProcessing:
      return member(member(answer, "ProcessingResources"), "ClusterConfig");
    case JobKind::kTransform:
      break;
  }
  return member(answer, "TransformResources");
}

// Whether the service says that there is no such thing, in one of its ways.
bool says_not_found(const aws::ServiceError& error) {
  const std::string& message = error.service_message();
  return error.service_code() == "ResourceNotFound" ||
         (error.service_code() == "ValidationException" &&
          (message.find("not found") != std::string::npos ||
           message.find("ould not find") != std::string::npos));
}

void add_summaries(
    const Api& api,
    JobKind kind,
    const ListQuery& query,
    std::vector<JobSummary>& jobs) {
  const std::string key = api_name(kind) + "Job";
  json request = {
      {"MaxResults", std::min(query.limit, kMaxPage)},
      {"SortBy", "CreationTime"},
      {"SortOrder", "Descending"}};
  if (!query.name_contains.empty()) {
    request["NameContains"] = query.name_contains;
  }
  if (!query.status.empty()) {
    request["StatusEquals"] = query.status;
  }
  int64_t count = 0;
  while (count < query.limit) {
    const json answer = api("List" + key + "s", request);
    for (const auto& one : member(answer, (key + "Summaries").c_str())) {
      if (count++ >= query.limit) {
        break;
      }
      JobSummary job;
      job.kind = kind;
      job.name = text_of(one, key + "Name");
      job.status = text_of(one, key + "Status");
      job.detail = text_of(one, "SecondaryStatus");
      job.created_s = number_at(one, "CreationTime");
      job.ended_s = number_at(one, api_name(kind) + "EndTime");
      jobs.push_back(job);
    }
    const std::string next = text_of(answer, "NextToken");
    if (next.empty()) {
      break;
    }
    request["NextToken"] = next;
  }
}

}  // namespace

double JobState::running_s(double now_s) const {
  if (started_s <= 0) {
    return 0;
  }
  return (ended_s > 0 ? ended_s : now_s) - started_s;
}

JobState parse_job_state(JobKind kind, const json& answer) {
  JobState state;
  state.kind = kind;
  const std::string api = api_name(kind);
  const std::string key = api + "Job";
  state.name = text_of(answer, key + "Name");
  state.arn = text_of(answer, key + "Arn");
  state.status = text_of(answer, key + "Status");
  state.detail = text_of(answer, "SecondaryStatus");
  if (state.detail.empty()) {
    state.detail = state.status;
  }
  state.failure_reason = text_of(answer, "FailureReason");
  state.created_s = number_at(answer, "CreationTime");
  state.started_s = number_at(answer, api + "StartTime");
  state.ended_s = number_at(answer, api + "EndTime");
  const json& resources = resources_of(kind, answer);
  state.instance_type = text_of(resources, "InstanceType");
  state.instance_count =
      static_cast<int64_t>(number_at(resources, "InstanceCount"));
  read_transitions(answer, state);
  if (kind == JobKind::kTraining) {
    read_training(answer, state);
  } else if (kind == JobKind::kProcessing) {
    read_processing(answer, state);
  } else {
    state.output_uri =
        text_of(member(answer, "TransformOutput"), "S3OutputPath");
    state.model_name = text_of(answer, "ModelName");
  }
  return state;
}

std::optional<JobState> describe_job(
    const Api& api, JobKind kind, const std::string& name) {
  const std::string key = api_name(kind) + "Job";
  try {
    return parse_job_state(kind, api("Describe" + key, {{key + "Name", name}}));
  } catch (const aws::ServiceError& error) {
    if (says_not_found(error)) {
      return std::nullopt;
    }
    throw;
  }
}

JobState find_job(const Api& api, const std::string& name) {
  for (const JobKind kind : kAllKinds) {
    if (auto state = describe_job(api, kind, name)) {
      return *state;
    }
  }
  fail(
      ErrorCode::kNotFound,
      "there is no job {} in this account and region; nadir job list shows "
      "those there are, --region names another region",
      name);
}

std::vector<JobSummary> list_jobs(const Api& api, const ListQuery& query) {
  std::vector<JobSummary> jobs;
  for (const JobKind kind : query.kinds) {
    add_summaries(api, kind, query, jobs);
  }
  std::stable_sort(jobs.begin(), jobs.end(), [](const auto& a, const auto& b) {
    return a.created_s > b.created_s;
  });
  if (static_cast<int64_t>(jobs.size()) > query.limit) {
    jobs.resize(static_cast<size_t>(query.limit));
  }
  return jobs;
}

}  // namespace nadir::cloud
