// A job by the container's contract on this host, before it costs anything: the
// same files go in, the same outputs come out.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cloud/job_spec.h"

namespace nadir::cloud {

struct LocalJob {
  JobSpec spec;  // channels are files or folders here
  // What the image would run: the program and `train`.
  std::vector<std::string> command;
  // Outputs: FOLDER/output/model.tar.gz and output.tar.gz, FOLDER/checkpoints,
  // FOLDER/logs/algo-1.log. Checkpoints that are there are gone on from.
  std::filesystem::path folder;
  // Takes each line that the job prints.
  std::function<void(const std::string& line)> on_line;
};

struct LocalResult {
  int status = 0;              // exit status, or 128 + the signal
  std::string failure_reason;  // as SageMaker would word it; "" for success
};

// Lays out a base folder under the system's temporary folder, which is removed
// afterwards, runs the command in it, and collects its outputs. A signal that
// this process catches goes to the job as SIGTERM, and after 120 seconds as
// SIGKILL, as SageMaker's stop does. Throws Error{kIo} where files cannot be
// written or the program not started, Error{kNotFound} where a channel's folder
// is not there.
[[nodiscard]] LocalResult run_local_job(const LocalJob& job);

}  // namespace nadir::cloud
