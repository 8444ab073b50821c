// The settings of a job as flags of `nadir job submit` and as a TOML file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/session.h"
#include "cli/command.h"
#include "cli/job_client.h"
#include "cloud/hyperparameters.h"
#include "cloud/job_config.h"

namespace nadir::cli {

struct JobOptions {
  std::string task;  // pretrain, linear, predict, pack
  std::string as;    // training, processing, transform
  std::string file;  // TOML; "" for none
  cloud::JobConfig config;
  cloud::JobLists lists;  // of the flags, then of the file and the flags
  std::vector<std::string> words;  // behind --
  aws::SessionOptions session;
  PollConfig poll;
  bool waits = false;
  bool dry_run = false;
  bool local = false;
  std::string local_dir = "jobs";
  cloud::KnownHyperparameters known;  // of the task's command
};

// Adds the flags to `command`; the parse fills `options`. Returns the texts of
// the configuration's flags.
FlagTexts add_job_settings(
    Command command, const std::shared_ptr<JobOptions>& options);

// Defaults, then the file, then the flags. Throws Error{kInvalidArgument}.
void resolve_settings(JobOptions& options, const FlagTexts& texts);

// "nadir eval linear": what a task runs.
[[nodiscard]] std::string command_of_task(const std::string& task);

// The flags of that command and the container's names beside them, as
// hyperparameters are held against them.
[[nodiscard]] cloud::KnownHyperparameters hyperparameters_of_task(
    const CLI::App& root, const std::string& task);

}  // namespace nadir::cli
