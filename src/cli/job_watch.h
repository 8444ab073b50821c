// Watching a job: its transitions on standard error, its log lines on standard
// output.
#pragma once

#include "cli/job_client.h"
#include "cloud/job_state.h"
#include "cloud/log_tail.h"

namespace nadir::cli {

// Prints lines, with the host's name where there are several, or as JSON
// objects, one a line.
void print_log_lines(
    const std::vector<cloud::LogLine>& lines, bool names_hosts, bool as_json);

struct WatchOptions {
  std::chrono::milliseconds poll{};
  bool shows_logs = true;
  bool from_start = false;  // of the logs, instead of where this host left off
  bool as_json = false;     // log lines
};

// Watches until the job ends or this process is told to. Keeps the position in
// the logs. Returns the job as it is then.
[[nodiscard]] cloud::JobState watch_job(
    const JobClient& client,
    cloud::JobKind kind,
    const std::string& name,
    const WatchOptions& options);

}  // namespace nadir::cli
