#include "cli/launch_slurm.h"

#include <cstdio>

#include "launch/shell_quote.h"
#include "launch/slurm_submit.h"

namespace nadir::cli {

namespace fs = std::filesystem;

std::map<std::string, Argument> add_slurm_flags(
    Command command, SlurmOptions& options) {
  std::map<std::string, Argument> flags;
  auto& job = options.job;
  const auto add = [&](const char* name, auto& value, const char* help) {
    return flags.emplace(name, command.add(name, value, help)).first->second;
  };
  add("--job-name", job.job_name, "Slurm: the job's name.");
  add("--time", job.time_limit, "Slurm: time limit, such as 24:00:00.");
  add("--partition", job.partition, "Slurm: partition.");
  add("--account", job.account, "Slurm: account.");
  add("--gpus-per-node",
      job.gpus_per_node,
      "Slurm: GPUs of a host, 8, a100:8.");
  add("--cpus-per-task",
      job.cpus_per_process,
      "Slurm: processors of a process; 0 leaves it to the cluster.")
      .at_least(0);
  add("--mem", job.memory, "Slurm: memory of a host, such as 64G.");
  add("--stop-lead-s",
      job.stop_lead_s,
      "Slurm: seconds before the time limit at which the run saves, ends and "
      "is requeued.")
      .at_least(1);
  add("--log-dir",
      options.log_dir,
      "Slurm: folder of script and logs; slurm-JOBNAME unless given.");
  flags.emplace(
      "--sbatch",
      command.add_repeated(
          "--sbatch",
          job.more_options,
          "Slurm: another flag of sbatch, as --sbatch=--constraint=a100; as "
          "often as needed."));
  flags.emplace(
      "--overwrite",
      command.add_flag(
          "--overwrite",
          options.overwrite,
          "Slurm: replace another job's script in --log-dir."));
  flags.emplace(
      "--dry-run",
      command.add_flag(
          "--dry-run",
          options.dry_run,
          "Slurm: print the script, and submit and write nothing."));
  return flags;
}

void run_slurm(SlurmOptions& options) {
  auto& job = options.job;
  job.log_folder = fs::absolute(
      options.log_dir.empty() ? fs::path("slurm-" + job.job_name)
                              : options.log_dir);
  if (options.dry_run) {
    std::printf("%s", launch::slurm_script(job).c_str());
    return;
  }
  const auto submitted = launch::submit_slurm_job(job, options.overwrite);
  const std::string id = submitted.id;
  const auto quoted = [&](const std::string& name) {
    return launch::shell_quote((job.log_folder / name).string());
  };
  std::printf(
      "submitted job %s\n"
      "script:  %s\n"
      "logs:    %s (the job), %s (process 0 of %lld)\n"
      "watch:   tail -F %s, squeue -j %s\n"
      "cancel:  scancel %s\n",
      id.c_str(),
      quoted("job.sh").c_str(),
      quoted("job-" + id + ".log").c_str(),
      quoted("rank-0.log").c_str(),
      static_cast<long long>(job.num_nodes * job.num_processes),
      quoted("rank-0.log").c_str(),
      id.c_str(),
      id.c_str());
}

}  // namespace nadir::cli
