// A SageMaker training job as its container sees it: the tree under /opt/ml, or
// under SAGEMAKER_BASE_DIR, read into one struct. What the tree holds:
// docs/container.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "container/channels.h"
#include "container/hyperparameters.h"
#include "core/environment.h"
#include "launch/host_plan.h"

namespace nadir::container {

// Where things lie in the container; nothing needs to exist.
struct JobPaths {
  explicit JobPaths(const std::filesystem::path& folder);

  std::filesystem::path base;         // /opt/ml
  std::filesystem::path channels;     // input/data
  std::filesystem::path model;        // model
  std::filesystem::path output;       // output/data
  std::filesystem::path failure;      // output/failure
  std::filesystem::path checkpoints;  // checkpoints

  // `path` below /opt/ml as it is here, where the base is another folder.
  // Throws Error{kInvalidArgument} for one at s3://.
  [[nodiscard]] std::filesystem::path here(const std::string& path) const;
};

// SAGEMAKER_BASE_DIR, else /opt/ml.
[[nodiscard]] JobPaths job_paths(const Environment& environment);

struct TrainingJob {
  explicit TrainingJob(JobPaths job_paths) : paths(std::move(job_paths)) {}

  JobPaths paths;
  Hyperparameters hyperparameters;
  std::vector<Channel> channels;
  std::string current_host;
  launch::HostPlan hosts;  // and the processes of this one
  int64_t num_gpus = 0;    // of this host

  // Outputs are the first host's, but for its failure file.
  [[nodiscard]] bool is_first_host() const { return hosts.node_rank == 0; }
};

// Reads hyperparameters.json (none where it is not there), inputdataconfig.json
// and resourceconfig.json. Throws Error{kNotFound} where this is no training
// container, and what decode_hyperparameters(), read_channels() and
// launch::read_sagemaker_plan() throw.
[[nodiscard]] TrainingJob read_training_job(
    const Environment& environment, int64_t num_gpus);

}  // namespace nadir::container
