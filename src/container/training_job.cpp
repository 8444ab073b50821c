#include "container/training_job.h"

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "launch/sagemaker_plan.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlatformBase = "/opt/ml";

// read_sagemaker_plan() has found the file in order.
std::string current_host_of(const fs::path& config) {
  const auto json = parse_json(read_file(config / "resourceconfig.json"));
  return json.at("current_host").get<std::string>();
}

}  // namespace

JobPaths::JobPaths(const fs::path& folder)
    : base(folder),
      channels(base / "input/data"),
      model(base / "model"),
      output(base / "output/data"),
      failure(base / "output/failure"),
      checkpoints(base / "checkpoints") {}

fs::path JobPaths::here(const std::string& path) const {
  NADIR_CHECK(
      path.find("://") == std::string::npos,
      "{} is no path in the container; the platform brings inputs as channels, "
      "and takes checkpoints, model and output to S3",
      path);
  const fs::path given = fs::path(path).lexically_normal();
  const fs::path below = given.lexically_relative(kPlatformBase);
  if (below.empty() || *below.begin() == ".." || !given.is_absolute()) {
    return given;
  }
  return below == "." ? base : base / below;
}

JobPaths job_paths(const Environment& environment) {
  return JobPaths(environment("SAGEMAKER_BASE_DIR").value_or(kPlatformBase));
}

TrainingJob read_training_job(
    const Environment& environment, int64_t num_gpus) {
  TrainingJob job(job_paths(environment));
  const fs::path config = job.paths.base / "input/config";
  if (!fs::is_directory(config)) {
    fail(
        ErrorCode::kNotFound,
        "there is no {}: nadir train is the program of a SageMaker training "
        "container; SAGEMAKER_BASE_DIR names another folder than /opt/ml, and "
        "nadir pretrain trains without any",
        config.string());
  }
  const fs::path file = config / "hyperparameters.json";
  if (fs::exists(file)) {
    job.hyperparameters =
        decode_hyperparameters(read_file(file), file.string());
  }
  job.channels = read_channels(job.paths.base, environment);
  job.hosts = launch::read_sagemaker_plan(environment, num_gpus);
  job.current_host = current_host_of(config);
  job.num_gpus = num_gpus;
  return job;
}

}  // namespace nadir::container
