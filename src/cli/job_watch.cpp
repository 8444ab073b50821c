#include "cli/job_watch.h"

#include <cstdio>
#include <thread>

#include <nlohmann/json.hpp>

#include "cloud/job_wait.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/signals.h"

namespace nadir::cli {
namespace {

// CloudWatch shows lines some seconds after they were written.
constexpr std::chrono::milliseconds kLastLines{5000};

// Log lines as they come, with the position kept after each batch.
class LogPrinter {
 public:
  LogPrinter(
      const JobClient& client,
      cloud::JobKind kind,
      const std::string& name,
      const WatchOptions& options)
      : client_(client),
        name_(name),
        as_json_(options.as_json),
        tail_(
            client.logs,
            kind,
            name,
            options.from_start ? cloud::LogPositions()
                               : client.records.read_positions(name)) {}

  // Of a job on several instances each line names its host, from the first on:
  // the others' may be told later.
  void print(const cloud::JobState& job) {
    const auto lines = tail_.read();
    if (lines.empty()) {
      return;
    }
    const bool names_hosts =
        job.instance_count > 1 || tail_.positions().size() > 1;
    print_log_lines(lines, names_hosts, as_json_);
    client_.records.write_positions(name_, tail_.positions());
  }

 private:
  const JobClient& client_;
  std::string name_;
  bool as_json_;
  cloud::LogTail tail_;
};

}  // namespace

void print_log_lines(
    const std::vector<cloud::LogLine>& lines, bool names_hosts, bool as_json) {
  for (const auto& line : lines) {
    std::string text = line.text;
    if (as_json) {
      text = json_text(nlohmann::json{
          {"time_ms", line.time_ms},
          {"host", line.host()},
          {"text", line.text}});
    } else if (names_hosts) {
      text = fmt::format("[{}] {}", line.host(), line.text);
    }
    std::printf("%s\n", text.c_str());
  }
  std::fflush(stdout);
}

cloud::JobState watch_job(
    const JobClient& client,
    cloud::JobKind kind,
    const std::string& name,
    const WatchOptions& options) {
  LogPrinter printer(client, kind, name, options);
  cloud::WaitOptions wait;
  wait.poll = options.poll;
  wait.on_transition = [&](const cloud::Transition& one) {
    log_info(
        "job",
        "{} {}{}{}",
        time_text(one.start_s),
        one.status,
        one.message.empty() ? "" : ": ",
        one.message);
  };
  cloud::JobState state;
  wait.on_look = [&](const cloud::JobState& now) {
    state = now;
    if (options.shows_logs) {
      printer.print(state);
    }
  };
  try {
    state = cloud::wait_for_job(client.sagemaker, kind, name, wait);
  } catch (const Error&) {
    if (caught_signal() == 0) {
      throw;
    }  // else it broke off a call: the job goes on, as it was seen last
  }
  if (options.shows_logs && caught_signal() == 0) {
    std::this_thread::sleep_for(std::min(options.poll, kLastLines));
    printer.print(state);
  }
  if (!state.is_final()) {
    log_info(
        "job",
        "{} goes on without this command: nadir job attach {}, nadir job stop "
        "{}",
        name,
        name,
        name);
  }
  return state;
}

}  // namespace nadir::cli
