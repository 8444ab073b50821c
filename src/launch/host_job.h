// The processes of a run on this host: started together, watched, ended
// together, and started again where that is wished.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace nadir::launch {

struct HostJob {
  std::vector<std::string> command;  // program and its arguments
  int64_t num_processes = 1;         // here
  int64_t num_nodes = 1;             // hosts, each with a launcher of its own
  int64_t node_rank = 0;
  std::string master_address = "127.0.0.1";
  int64_t master_port = 0;  // 0 on one host: a free one
  int64_t max_restarts = 0;
  // "NAME=value", for the processes unless the environment has NAME.
  std::vector<std::string> variables;
  // Added to the command from the second start on.
  std::vector<std::string> restart_arguments;
  // From being told to end to being killed.
  std::chrono::milliseconds grace{std::chrono::seconds(30)};
};

// Starts the processes with the variables of torchrun (RANK, WORLD_SIZE,
// LOCAL_RANK, MASTER_ADDR ...) and waits for them. Where one fails, the others
// are told to end (SIGTERM, after `grace` SIGKILL) and all are started again,
// up to max_restarts times. A signal that this process caught goes to all, and
// there is no restart. Processes die with this one. Returns the exit status: 0;
// that of the process that failed first, or 4 where a signal killed it, one that
// only lost its peers coming last; or 128 + n for a caught signal. Where
// TORCHELASTIC_ERROR_FILE is set, it says why that process failed.
// Throws Error{kIo} where a process cannot be started.
[[nodiscard]] int run_host_job(const HostJob& job);

}  // namespace nadir::launch
