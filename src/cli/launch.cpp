// `nadir launch`: a command as several processes that share its work.
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "core/error.h"
#include "launch/host_job.h"

namespace nadir::cli {
namespace {

struct LaunchOptions {
  std::vector<std::string> command;
  launch::HostJob job;
};

bool has_word(const std::vector<std::string>& words, const std::string& word) {
  for (const auto& one : words) {
    if (one == word || one.starts_with(word + "=")) {
      return true;
    }
  }
  return false;
}

void run(LaunchOptions options) {
  auto& job = options.job;
  NADIR_CHECK(
      options.command.front() == "pretrain",
      "launch runs pretrain, got '{}'; other commands are one process",
      options.command.front());
  NADIR_CHECK(
      job.node_rank < job.num_nodes,
      "--node-rank {} is not below --nnodes {}",
      job.node_rank,
      job.num_nodes);
  NADIR_CHECK(
      job.num_nodes == 1 ||
          (job.master_port > 0 && job.master_address != "127.0.0.1"),
      "--nnodes {} needs --master-addr and --master-port, the same on all "
      "hosts",
      job.num_nodes);
  job.command = {std::filesystem::read_symlink("/proc/self/exe").string()};
  job.command.insert(
      job.command.end(), options.command.begin(), options.command.end());
  if (!has_word(options.command, "--resume")) {
    job.restart_arguments = {"--resume", "auto"};
  }
  const int status = launch::run_host_job(job);
  if (status != 0) {
    std::exit(status);
  }
}

}  // namespace

void add_launch(Command parent) {
  auto command = parent.add_command(
      "launch",
      "Run pretrain as several processes that share every step. They find "
      "each\n"
      "other by torchrun's variables; under torchrun, srun or mpirun, call\n"
      "pretrain itself.");
  auto options = std::make_shared<LaunchOptions>();  // outlives the parse
  auto& job = options->job;
  command
      .add_words(
          "COMMAND", options->command, "After --: pretrain and its flags.")
      .required();
  command.add("--nproc-per-node", job.num_processes, "Processes on this host.")
      .at_least(1);
  command.add("--nnodes", job.num_nodes, "Hosts; call this on each.")
      .at_least(1);
  command.add("--node-rank", job.node_rank, "This host's number, from 0.")
      .at_least(0);
  command.add("--master-addr", job.master_address, "Address of host 0.");
  command
      .add("--master-port", job.master_port, "A port of host 0; 0 finds one.")
      .at_least(0);
  command
      .add(
          "--max-restarts",
          job.max_restarts,
          "Starts again after a failure, from the last checkpoint.")
      .at_least(0);
  command.set_example(
      "nadir launch --nproc-per-node 2 -- pretrain --data ben-rgb --out "
      "runs/a");
  command.on_run([options] { run(*options); });
}

}  // namespace nadir::cli
