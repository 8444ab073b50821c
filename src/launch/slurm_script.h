// A run as a batch job of Slurm (22.05 or newer): the script that sbatch takes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nadir::launch {

// Texts and numbers that are empty or 0 are left to the cluster.
struct SlurmJob {
  std::vector<std::string> command;  // program and its arguments
  // Added to the command where the job was requeued.
  std::vector<std::string> restart_arguments;
  std::string job_name = "nadir";
  std::filesystem::path log_folder;  // absolute
  int64_t num_nodes = 1;
  int64_t num_processes = 1;  // on each node
  std::string partition;
  std::string account;
  std::string time_limit;
  std::string gpus_per_node;
  std::string memory;
  int64_t cpus_per_process = 0;
  std::vector<std::string> more_options;  // "--constraint=a100", as sbatch's
  // From the signal that ends the processes to the time limit.
  int64_t stop_lead_s = 120;
  int64_t max_restarts = 100;  // by whatever cause
  std::string master_address;  // empty: the first node
  int64_t master_port = 0;     // 0: one of the job's own
};

// The script. Shortly before the time limit the processes get SIGUSR1, save and
// end, and the job requeues itself; it goes on with restart_arguments, as after
// a lost node. One process that fails ends all. Process n appends to
// LOG_FOLDER/rank-n.log, the script to LOG_FOLDER/job-ID.log. Throws
// Error{kInvalidArgument} for what sbatch or a shell would read as something
// else, naming the flag of `nadir launch`.
[[nodiscard]] std::string slurm_script(const SlurmJob& job);

}  // namespace nadir::launch
