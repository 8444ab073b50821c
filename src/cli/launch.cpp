// `nadir launch`: a command as several processes that share its work, here or
// as a job of Slurm.
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>

#include "cli/commands.h"
#include "cli/launch_slurm.h"
#include "core/error.h"
#include "launch/gpu_count.h"
#include "launch/host_job.h"
#include "launch/host_name.h"
#include "launch/place.h"

namespace nadir::cli {
namespace {

using Flags = std::map<std::string, Argument>;

struct LaunchOptions {
  std::vector<std::string> command;
  std::string engine = "local";
  launch::HostJob job;
  SlurmOptions slurm;
  Flags flags;        // of every engine
  Flags local_flags;  // of this host's processes alone
  Flags slurm_flags;
};

bool has_word(const std::vector<std::string>& words, const std::string& word) {
  for (const auto& one : words) {
    if (one == word || one.starts_with(word + "=")) {
      return true;
    }
  }
  return false;
}

// Whether several processes of the command divide its work.
bool shares_work(const std::vector<std::string>& words) {
  const std::string& first = words.front();
  const std::string second = words.size() > 1 ? words[1] : "";
  return first == "pretrain" || first == "predict" || first == "embed" ||
         first == "map" ||
         (first == "eval" && (second == "knn" || second == "linear")) ||
         (first == "data" && (second == "index" || second == "pack"));
}

void refuse_flags(
    const Flags& flags, const char* engine, const std::string& given) {
  for (const auto& [name, argument] : flags) {
    NADIR_CHECK(
        !argument.is_given(),
        "{} is of --engine {}, and the engine is {}",
        name,
        engine,
        given);
  }
}

// What the user did not say; what both say must be the same.
template <class T>
void take_from_environment(
    const Argument& flag,
    const char* name,
    T& value,
    const T& said,
    const std::string& engine) {
  NADIR_CHECK(
      !flag.is_given() || value == said,
      "{} {} contradicts the environment: {} says {}; leave the flag out",
      name,
      value,
      engine,
      said);
  value = said;
}

// Kubeflow's and SageMaker's word on the hosts; false where they have none.
bool read_hosts(LaunchOptions& options) {
  const auto plan =
      launch::read_host_plan(process_environment(), launch::num_gpus_here());
  if (!plan) {
    return false;
  }
  auto& job = options.job;
  const auto& processes = options.flags.at("--nproc-per-node");
  if (plan->is_num_processes_given || !processes.is_given()) {
    take_from_environment(
        processes,
        "--nproc-per-node",
        job.num_processes,
        plan->num_processes,
        plan->engine);
  }
  const auto& engine = plan->engine;
  take_from_environment(
      options.flags.at("--nnodes"),
      "--nnodes",
      job.num_nodes,
      plan->num_nodes,
      engine);
  take_from_environment(
      options.local_flags.at("--node-rank"),
      "--node-rank",
      job.node_rank,
      plan->node_rank,
      engine);
  if (plan->num_nodes > 1) {
    take_from_environment(
        options.flags.at("--master-addr"),
        "--master-addr",
        job.master_address,
        plan->master_address,
        engine);
    take_from_environment(
        options.flags.at("--master-port"),
        "--master-port",
        job.master_port,
        plan->master_port,
        engine);
  }
  const auto of_plan = launch::host_job_of(*plan, {});
  job.variables = of_plan.variables;
  job.grace = of_plan.grace;
  return true;
}

void run_here(LaunchOptions& options) {
  const bool is_told = read_hosts(options);
  auto& job = options.job;
  NADIR_CHECK(
      job.node_rank < job.num_nodes,
      "--node-rank {} is not below --nnodes {}",
      job.node_rank,
      job.num_nodes);
  NADIR_CHECK(
      job.num_nodes == 1 || is_told ||
          (job.master_port > 0 && job.master_address != "127.0.0.1"),
      "--nnodes {} needs --master-addr and --master-port, the same on all "
      "hosts",
      job.num_nodes);
  const int status = launch::run_host_job(job);
  if (status != 0) {
    std::exit(status);
  }
}

void run_as_slurm_job(LaunchOptions& options) {
  auto& job = options.slurm.job;
  job.command = options.job.command;
  job.restart_arguments = options.job.restart_arguments;
  job.num_nodes = options.job.num_nodes;
  job.num_processes = options.job.num_processes;
  if (options.flags.at("--max-restarts").is_given()) {
    job.max_restarts = options.job.max_restarts;
  }
  if (options.flags.at("--master-addr").is_given()) {
    job.master_address = options.job.master_address;
  }
  job.master_port = options.job.master_port;
  run_slurm(options.slurm);
}

void run(LaunchOptions options) {
  auto& job = options.job;
  NADIR_CHECK(
      shares_work(options.command),
      "launch runs pretrain, eval knn, eval linear, predict, embed, map, data "
      "index or data pack, got '{}'; other commands are one process",
      options.command.front());
  job.command = {std::filesystem::read_symlink("/proc/self/exe").string()};
  job.command.insert(
      job.command.end(), options.command.begin(), options.command.end());
  if (options.command.front() == "pretrain" &&
      !has_word(options.command, "--resume")) {
    job.restart_arguments = {"--resume", "auto"};
  }
  if (options.engine == "slurm") {
    refuse_flags(options.local_flags, "local", options.engine);
    run_as_slurm_job(options);
  } else {
    refuse_flags(options.slurm_flags, "slurm", options.engine);
    run_here(options);
  }
}

void add_flags(Command command, LaunchOptions& options) {
  auto& job = options.job;
  auto& flags = options.flags;
  command
      .add(
          "--engine",
          options.engine,
          "local starts the processes here; slurm submits a job that does.")
      .one_of({"local", "slurm"});
  const auto add = [&](Flags& of, const char* name, auto& value, auto* help) {
    return of.emplace(name, command.add(name, value, help)).first->second;
  };
  add(flags,
      "--nproc-per-node",
      job.num_processes,
      "Processes on each host; one a GPU is usual.")
      .at_least(1);
  add(flags,
      "--nnodes",
      job.num_nodes,
      "Hosts; without Slurm, call this on "
      "each.")
      .at_least(1);
  add(options.local_flags,
      "--node-rank",
      job.node_rank,
      "This host's number, from 0.")
      .at_least(0);
  add(flags,
      "--master-addr",
      job.master_address,
      "Address of host 0; under Slurm the job's first host unless given.");
  add(flags, "--master-port", job.master_port, "A port of host 0; 0 finds one.")
      .at_least(0);
  add(flags,
      "--max-restarts",
      job.max_restarts,
      "Starts again from the last checkpoint: after a failure; under Slurm "
      "after the time limit, 100 times unless given.")
      .at_least(0);
  options.slurm_flags = add_slurm_flags(command, options.slurm);
}

}  // namespace

void add_launch(Command parent) {
  auto command = parent.add_command(
      "launch",
      "Run a command as several processes that share its work, here or as a "
      "job\n"
      "of Slurm: pretrain, eval knn, eval linear, predict, embed, data index,\n"
      "data pack. Under torchrun, srun or mpirun, call the command itself, "
      "and\n"
      "pretrain in Kubeflow's pods and SageMaker's containers: it finds its\n"
      "place.");
  auto options = std::make_shared<LaunchOptions>();  // outlives the parse
  command
      .add_words(
          "COMMAND", options->command, "After --: the command and its flags.")
      .required();
  add_flags(command, *options);
  command.set_example(
      "nadir launch --nproc-per-node 2 -- pretrain --data ben-rgb --out "
      "runs/a\n"
      "  nadir launch --engine slurm --nnodes 4 --nproc-per-node 8 "
      "--gpus-per-node 8 \\\n"
      "      --time 24:00:00 -- pretrain --data ben-rgb --out runs/a");
  command.on_run([options] { run(*options); });
}

}  // namespace nadir::cli
