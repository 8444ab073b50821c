#include "launch/slurm_script.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "launch/shell_quote.h"

namespace nadir::launch {
namespace {

bool is_control(char letter) {
  return static_cast<unsigned char>(letter) < ' ' || letter == 127;
}

void check_text(const char* flag, const std::string& text) {
  const bool is_plain = std::none_of(text.begin(), text.end(), [](char letter) {
    return is_control(letter) ||
           std::string_view(" \"'\\#").find(letter) != std::string_view::npos;
  });
  NADIR_CHECK(
      is_plain,
      "{} must hold no blanks, quotes, backslashes or #, got '{}'",
      flag,
      text);
}

void check_log_folder(const std::string& folder) {
  const bool is_plain =
      std::none_of(folder.begin(), folder.end(), [](char letter) {
        return is_control(letter) || std::string_view("\"'\\%").find(letter) !=
                                         std::string_view::npos;
      });
  NADIR_CHECK(
      is_plain,
      "--log-dir must hold no %, quotes or backslashes, which Slurm reads as "
      "its own, got '{}'",
      folder);
}

void check_option(const std::string& option) {
  NADIR_CHECK(
      option.starts_with("-") &&
          std::none_of(option.begin(), option.end(), is_control),
      "--sbatch must be one flag of sbatch, such as --sbatch=--constraint=a100,"
      " got '{}'",
      option);
}

// "#SBATCH --name=text"; nothing where there is no text.
std::string directive(
    const char* flag, const char* name, const std::string& text) {
  check_text(flag, text);
  return text.empty() ? "" : fmt::format("#SBATCH --{}={}\n", name, text);
}

std::string header_of(const SlurmJob& job) {
  const std::string folder = job.log_folder.string();
  check_log_folder(folder);
  std::string text = "#!/bin/sh\n";
  text += directive("--job-name", "job-name", job.job_name);
  text += fmt::format(
      "#SBATCH --nodes={}\n#SBATCH --ntasks-per-node={}\n",
      job.num_nodes,
      job.num_processes);
  text += directive("--partition", "partition", job.partition);
  text += directive("--account", "account", job.account);
  text += directive("--time", "time", job.time_limit);
  text += directive("--gpus-per-node", "gpus-per-node", job.gpus_per_node);
  text += directive("--mem", "mem", job.memory);
  if (job.cpus_per_process > 0) {
    text += fmt::format("#SBATCH --cpus-per-task={}\n", job.cpus_per_process);
  }
  text += fmt::format(
      "#SBATCH --requeue\n#SBATCH --open-mode=append\n"
      "#SBATCH --signal=B:USR1@{}\n#SBATCH --output=\"{}/job-%j.log\"\n",
      job.stop_lead_s,
      folder);
  for (const std::string& option : job.more_options) {
    check_option(option);
    text += "#SBATCH " + option + "\n";
  }
  return text;
}

// What runs in the job. The shell waits in the background of the step, since
// only so can it hear the signal.
constexpr char kBody[] = R"(
# Written by nadir launch. Near its time limit this job is told to stop: it
# saves, requeues itself and goes on, as it does after a lost node.
{exports}restart=${{SLURM_RESTART_COUNT:-0}}
step='' told='' passed_on=''
pass_on() {{  # once: a second signal ends the processes without saving
  if [ -n "$told" ] && [ -n "$step" ] && [ -z "$passed_on" ]; then
    passed_on=1
    kill -USR1 "$step"
  fi
}}
trap 'told=1; pass_on' USR1
set --
if [ "$restart" -gt 0 ]; then set -- {restart_arguments}; fi

srun {srun_options} \
  {command} "$@" &
step=$!
pass_on
wait "$step"
status=$?
while kill -0 "$step" 2>/dev/null; do  # only the wait was ended, by the trap
  wait "$step"
  status=$?
done

if [ -n "$told" ] && [ "$status" -gt 128 ]; then
  if [ "$restart" -lt {max_restarts} ]; then
    echo "nadir launch: saved before the time limit, restart $((restart + 1)) of {max_restarts}"
    scontrol requeue "$SLURM_JOB_ID"
  else
    echo "nadir launch: saved before the time limit, after {max_restarts} restarts"
  fi
fi
exit "$status"
)";

}  // namespace

std::string slurm_script(const SlurmJob& job) {
  NADIR_ASSERT(!job.command.empty() && job.log_folder.is_absolute());
  std::string exports;
  if (!job.master_address.empty()) {
    exports += "export MASTER_ADDR=" + shell_quote(job.master_address) + "\n";
  }
  if (job.master_port > 0) {
    exports += fmt::format("export MASTER_PORT={}\n", job.master_port);
  }
  std::vector<std::string> srun_options = {"--kill-on-bad-exit=1"};
  if (job.cpus_per_process > 0) {  // srun does not take sbatch's
    srun_options.push_back(
        fmt::format("--cpus-per-task={}", job.cpus_per_process));
  }
  srun_options.insert(
      srun_options.end(),
      {"--open-mode=append",
       "--output=" + (job.log_folder / "rank-%t.log").string()});
  return header_of(job) +
         fmt::format(
             kBody,
             fmt::arg("exports", exports),
             fmt::arg("restart_arguments", shell_line(job.restart_arguments)),
             fmt::arg("srun_options", shell_line(srun_options)),
             fmt::arg("command", shell_line(job.command)),
             fmt::arg("max_restarts", job.max_restarts));
}

}  // namespace nadir::launch
