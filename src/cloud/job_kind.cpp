#include "cloud/job_kind.h"

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace nadir::cloud {

std::string api_name(JobKind kind) {
  switch (kind) {
    case JobKind::kTraining:
      return "Training";
    case JobKind::kProcessing:
      return "Processing";
    case JobKind::kTransform:
      break;
  }
  return "Transform";
}

std::string kind_name(JobKind kind) {
  std::string name = api_name(kind);
  name.front() = static_cast<char>(name.front() - 'A' + 'a');
  return name;
}

JobKind parse_kind(const std::string& name) {
  for (const JobKind kind : kAllKinds) {
    if (kind_name(kind) == name) {
      return kind;
    }
  }
  fail(
      ErrorCode::kInvalidArgument,
      "a kind of job is training, processing or transform, got '{}'",
      name);
}

std::string log_group(JobKind kind) {
  return "/aws/sagemaker/" + api_name(kind) + "Jobs";
}

}  // namespace nadir::cloud
