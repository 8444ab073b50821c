// The three kinds of SageMaker jobs, and their words in its API.
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace nadir::cloud {

enum class JobKind { kTraining, kProcessing, kTransform };

// All kinds, in the order in which a job of unknown kind is looked for.
inline constexpr JobKind kAllKinds[] = {
    JobKind::kTraining, JobKind::kProcessing, JobKind::kTransform};

// "Training", as operations and fields have it: CreateTrainingJob,
// TrainingJobName.
[[nodiscard]] std::string api_name(JobKind kind);

// "training", for people and for records.
[[nodiscard]] std::string kind_name(JobKind kind);

// The reverse. Throws Error{kInvalidArgument}.
[[nodiscard]] JobKind parse_kind(const std::string& name);

// "/aws/sagemaker/TrainingJobs".
[[nodiscard]] std::string log_group(JobKind kind);

// One operation of a service: its name and request in, its answer out. Throws
// what the service's client throws (aws::ServiceError).
using Api = std::function<nlohmann::json(
    const std::string& operation, const nlohmann::json& request)>;

}  // namespace nadir::cloud
