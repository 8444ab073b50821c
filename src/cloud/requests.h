// The bodies of SageMaker's create operations, as pure functions of a job.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cloud/job_spec.h"

namespace nadir::cloud {

// CreateTrainingJob: the container runs `train`.
[[nodiscard]] nlohmann::json training_request(const JobSpec& spec);

// CreateModel: the image and spec.model_uri, named as the job.
[[nodiscard]] nlohmann::json model_request(const JobSpec& spec);

// CreateTransformJob of the model of model_request(): every object of the one
// channel is posted to `serve`. Throws Error{kInvalidArgument} where there is
// not one channel.
[[nodiscard]] nlohmann::json transform_request(const JobSpec& spec);

// Where processing jobs find the files of processing_config().
[[nodiscard]] std::string processing_config_uri(const JobSpec& spec);

// The contract's input/config of a processing job, which the platform does not
// write: names and texts of the files, to be uploaded below
// processing_config_uri() before the job is created.
[[nodiscard]] Pairs processing_config(const JobSpec& spec);

// Throws Error{kInvalidArgument} for what processing jobs do not have: more
// than one instance, spot, more than 8 channels, other modes than File.
void check_processing(const JobSpec& spec);

// CreateProcessingJob: the same program and contract as a training job, below
// /opt/ml/processing. Throws as check_processing() does.
[[nodiscard]] nlohmann::json processing_request(const JobSpec& spec);

}  // namespace nadir::cloud
