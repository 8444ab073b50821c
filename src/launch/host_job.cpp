#include "launch/host_job.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "core/environment.h"
#include "core/error.h"
#include "core/host_name.h"
#include "core/log.h"
#include "core/signals.h"
#include "launch/child_process.h"
#include "launch/error_file.h"
#include "launch/free_port.h"

namespace nadir::launch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPollInterval = std::chrono::milliseconds(20);
constexpr int kLostPeer = exit_code(ErrorCode::kDistributed);

struct Process {
  pid_t pid = 0;
  int64_t rank = 0;
  std::optional<int> status;  // exit status, once it has ended
  bool is_killed = false;     // by a signal that it did not catch
};

constexpr const char* kErrorFile = "TORCHELASTIC_ERROR_FILE";

// Where a process says why it fails; nothing unless this one is asked to.
std::optional<std::string> error_file_of(int64_t rank) {
  const auto own = process_environment()(kErrorFile);
  return own ? std::optional(fmt::format("{}.rank-{}", *own, rank))
             : std::nullopt;
}

// The environment of one process: ours, and the place in the run.
std::vector<std::string> environment_of(
    const HostJob& job, int64_t local_rank, int64_t port, int64_t attempt) {
  const int64_t rank = job.node_rank * job.num_processes + local_rank;
  std::vector<std::string> variables = {
      fmt::format("RANK={}", rank),
      fmt::format("WORLD_SIZE={}", job.num_nodes * job.num_processes),
      fmt::format("LOCAL_RANK={}", local_rank),
      fmt::format("LOCAL_WORLD_SIZE={}", job.num_processes),
      fmt::format("GROUP_RANK={}", job.node_rank),
      fmt::format("MASTER_ADDR={}", job.master_address),
      fmt::format("MASTER_PORT={}", port),
      fmt::format("TORCHELASTIC_RESTART_COUNT={}", attempt)};
  if (const auto file = error_file_of(rank)) {
    variables.push_back(fmt::format("{}={}", kErrorFile, *file));
  }
  const size_t num_own = variables.size();
  for (char** other = environ; *other != nullptr; ++other) {
    const std::string variable = *other;
    const std::string name = variable.substr(0, variable.find('=') + 1);
    bool is_ours =
        name.starts_with("TORCHELASTIC_") || name.starts_with("PET_");
    for (size_t i = 0; i < num_own && !is_ours; ++i) {
      is_ours = variables[i].starts_with(name);
    }
    if (!is_ours) {
      variables.push_back(variable);
    }
  }
  for (const std::string& variable : job.variables) {
    if (std::getenv(variable.substr(0, variable.find('=')).c_str()) ==
        nullptr) {
      variables.push_back(variable);
    }
  }
  return variables;
}

// Notes who has ended since; true while somebody runs.
bool look_after(std::vector<Process>& processes) {
  bool is_any_running = false;
  for (Process& process : processes) {
    int status = 0;
    if (!process.status &&
        ::waitpid(process.pid, &status, WNOHANG) == process.pid) {
      process.is_killed = WIFSIGNALED(status);
      process.status =
          process.is_killed ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    is_any_running = is_any_running || !process.status;
  }
  return is_any_running;
}

void send(const std::vector<Process>& processes, int signal) {
  for (const Process& process : processes) {
    if (!process.status) {
      ::kill(process.pid, signal);
    }
  }
}

const Process* first_failure(const std::vector<Process>& processes) {
  const Process* lost_peer = nullptr;
  for (const Process& process : processes) {
    if (process.status.value_or(0) == kLostPeer) {
      lost_peer = lost_peer != nullptr ? lost_peer : &process;
    } else if (process.status.value_or(0) != 0) {
      return &process;
    }
  }
  return lost_peer;
}

// Waits until all have ended, killing those that outlive the grace.
void wait_for_end(std::vector<Process>& processes, const HostJob& job) {
  const auto deadline = Clock::now() + job.grace;
  while (look_after(processes)) {
    if (Clock::now() > deadline) {
      send(processes, SIGKILL);
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

std::string how_it_ended(const Process& process) {
  const int status = *process.status;
  return process.is_killed ? fmt::format(
                                 "was killed by signal {} ({})",
                                 status - 128,
                                 ::strsignal(status - 128))
                           : fmt::format("ended with status {}", status);
}

// Says what the process that failed first has said, or how it ended.
void pass_on_error(const Process& failed, const std::string& how) {
  const auto file = error_file_of(failed.rank);
  if (!file) {
    return;
  }
  std::error_code error;
  std::filesystem::rename(*file, *process_environment()(kErrorFile), error);
  if (error) {  // it had no time to say it
    write_error_file(process_environment(), how);
  }
}

void remove_error_files(const std::vector<Process>& processes) {
  for (const Process& process : processes) {
    if (const auto file = error_file_of(process.rank)) {
      std::error_code ignored;
      std::filesystem::remove(*file, ignored);
    }
  }
}

// One start of all processes. Returns the exit status.
int run_once(const HostJob& job, int64_t attempt) {
  auto command = job.command;
  if (attempt > 0) {
    command.insert(
        command.end(),
        job.restart_arguments.begin(),
        job.restart_arguments.end());
  }
  const int64_t port = job.master_port > 0 ? job.master_port : free_port();
  std::vector<Process> processes;
  for (int64_t i = 0; i < job.num_processes; ++i) {
    processes.push_back(
        {start_process(command, environment_of(job, i, port, attempt)),
         job.node_rank * job.num_processes + i,
         {}});
  }
  while (look_after(processes)) {
    if (const int signal = caught_signal(); signal != 0) {
      send(processes, signal);
      wait_for_end(processes, job);
      return 128 + signal;
    }
    if (first_failure(processes) != nullptr) {
      // The one that failed first may be a moment behind those that lost it.
      std::this_thread::sleep_for(10 * kPollInterval);
      (void)look_after(processes);
      break;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  std::optional<Process> failed;
  if (const Process* first = first_failure(processes)) {
    failed = *first;
  }
  send(processes, SIGTERM);
  send(processes, SIGCONT);  // one that is stopped cannot end
  wait_for_end(processes, job);
  if (!failed) {
    remove_error_files(processes);
    return 0;
  }
  const std::string how = fmt::format(
      "rank {} of {} on {} {}",
      failed->rank,
      job.num_nodes * job.num_processes,
      host_name(),
      how_it_ended(*failed));
  log_error("launch", "{}", how);
  pass_on_error(*failed, how);
  remove_error_files(processes);
  return failed->is_killed ? kLostPeer : *failed->status;
}

}  // namespace

int run_host_job(const HostJob& job) {
  NADIR_ASSERT(!job.command.empty() && job.num_processes > 0);
  for (int64_t attempt = 0;; ++attempt) {
    const int status = run_once(job, attempt);
    if (status == 0 || caught_signal() != 0 || attempt == job.max_restarts) {
      return status;
    }
    log_warning(
        "launch",
        "starting all again, {} of {} restarts",
        attempt + 1,
        job.max_restarts);
  }
}

}  // namespace nadir::launch
