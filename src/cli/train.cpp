// `nadir train`: the program of a SageMaker training container. It reads the
// job (docs/container.md), runs it as a command of this program under its eyes,
// and leaves model, results and failure where the platform takes them.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/completion_tree.h"
#include "cli/train_outputs.h"
#include "container/failure_file.h"
#include "container/job_command.h"
#include "container/metric_lines.h"
#include "container/supervisor.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/signals.h"
#include "launch/gpu_count.h"
#include "launch/host_name.h"
#include "launch/shell_quote.h"
#include "runs/run_folder.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kNameTimeout{15};
constexpr std::chrono::seconds kMetricInterval{10};

struct TrainFlags {
  bool dry_run = false;
  bool metric_definitions = false;
};

// How the job ended: its exit status, and why, unless that is 0.
struct JobEnd {
  int status = 0;
  std::string reason;
  bool is_told = false;  // by the command itself, on standard error
};

// The flags of the command that these words reach.
std::vector<container::CommandFlag> flags_of(
    const CLI::App& root, const std::vector<std::string>& words) {
  const auto place = fmt::format(" {}", join(words, " "));
  std::vector<container::CommandFlag> flags;
  for (const auto& command : completion_tree(root)) {
    if (command.place != place) {
      continue;
    }
    for (const auto& option : command.options) {
      for (const auto& name : option.names) {
        if (name.starts_with("--")) {
          std::string key = name.substr(2);
          std::replace(key.begin(), key.end(), '-', '_');
          flags.push_back({key, option.takes_value});
        }
      }
    }
  }
  return flags;
}

// What may be behind broken data, where it came as a stream: its end is all
// that is seen of a writer that died.
std::string pipe_note(
    const container::SupervisedEnd& end, const container::JobCommand& command) {
  std::string note;
  for (const auto& pipe : command.pipes) {
    if (end.status == exit_code(ErrorCode::kCorruptData)) {
      note += fmt::format(
          "; {} is channel {}, of which {} came through its pipe: compare "
          "with the object's size",
          pipe.file.string(),
          pipe.channel,
          format_bytes(static_cast<double>(fs::file_size(pipe.file))));
    }
  }
  return note;
}

std::string reason_of(
    const container::SupervisedEnd& end, const container::JobCommand& command) {
  const std::string& name = command.name;
  if (!end.message.empty()) {
    return end.message + pipe_note(end, command);
  }
  if (!end.was_killed) {
    return fmt::format(
        "nadir {} ended with status {}; its log says why", name, end.status);
  }
  return fmt::format(
      "nadir {} was killed by signal {} ({}){}",
      name,
      end.status - 128,
      ::strsignal(end.status - 128),
      end.status == 128 + SIGKILL
          ? "; if nobody did that, memory ran out, and a smaller batch needs "
            "less"
          : "");
}

// A metrics file that cannot be read now is no reason to end a training.
void print_metrics(container::MetricPrinter& printer, bool is_last) {
  try {
    if (is_last) {
      printer.finish();
    } else {
      printer.print_new();
    }
  } catch (const std::exception& error) {
    log_debug("container", "metrics: {}", error.what());
  }
}

container::SupervisedEnd run_steps(
    const container::TrainingJob& job, const container::JobCommand& command) {
  container::MetricPrinter printer(
      runs::RunPaths(command.work).metrics, kMetricInterval);
  const bool has_metrics = command.name == "pretrain" && job.is_first_host();
  container::SupervisedEnd end;
  for (const auto& pipe : command.pipes) {
    container::store_pipe(pipe);
    if (caught_signal() != 0) {
      end.status = 128 + caught_signal();
      return end;
    }
  }
  for (const auto& words : command.steps) {
    container::SupervisedCommand child;
    child.command = {fs::read_symlink("/proc/self/exe").string()};
    child.command.insert(child.command.end(), words.begin(), words.end());
    child.variables = {"SAGEMAKER_BASE_DIR=" + job.paths.base.string()};
    if (!process_environment()("SM_FRAMEWORK_PARAMS")) {
      child.variables.push_back(
          "SM_FRAMEWORK_PARAMS=" +
          container::framework_params(job.hyperparameters));
    }
    if (has_metrics) {
      child.on_tick = [&] { print_metrics(printer, false); };
    }
    end = container::supervise(child);
    if (end.status != 0 || caught_signal() != 0) {
      break;
    }
  }
  if (has_metrics) {
    print_metrics(printer, true);
  }
  return end;
}

// Results of a failed job are worth having, but not another failure.
void try_to_write_results(const container::JobCommand& command) {
  try {
    write_job_results(command);
  } catch (const std::exception& error) {
    log_warning("container", "{}", error.what());
  }
}

// A job that was told to stop has done so well if what it leaves can be used.
JobEnd finish_job(
    const container::TrainingJob& job,
    const container::JobCommand& command,
    const container::SupervisedEnd& end) {
  const int signal = caught_signal();
  const bool is_stopped = signal != 0 && (end.status == 0 || end.was_killed ||
                                          end.status == 128 + signal);
  if (end.status != 0 && !is_stopped) {
    if (job.is_first_host()) {
      try_to_write_results(command);
    }
    return {end.status, reason_of(end, command), !end.message.empty()};
  }
  if (!job.is_first_host()) {
    return {};
  }
  const bool is_usable = write_job_model(job, command);
  write_job_results(command);
  if (is_usable) {
    return {};
  }
  return {
      is_stopped ? 128 + signal : 1,
      fmt::format(
          "nadir {} {} before there was anything to keep",
          command.name,
          is_stopped ? fmt::format("was stopped by signal {}", signal)
                     : "ended")};
}

JobEnd run_job(
    const Command& program, const Environment& environment, bool dry_run) {
  const auto job =
      container::read_training_job(environment, launch::num_gpus_here());
  const TemporaryFolder scratch;
  const auto name = container::job_command_name(job.hyperparameters);
  const auto command = container::translate_job(
      job,
      name,
      flags_of(program.root(), container::job_command_words(name)),
      scratch.path());
  for (const auto& remark : command.remarks) {
    log_warning("container", "{}", remark);
  }
  check_expected_network(command);
  log_info(
      "container",
      "host {} of {} ({}), {} process{} here",
      job.hosts.node_rank,
      job.hosts.num_nodes,
      job.current_host,
      job.hosts.num_processes,
      job.hosts.num_processes == 1 ? "" : "es");
  for (const auto& words : command.steps) {
    std::printf("nadir %s\n", launch::shell_line(words).c_str());
  }
  std::fflush(stdout);
  if (dry_run) {
    return {};
  }
  launch::wait_for_host_name(job.hosts.master_address, kNameTimeout);
  remove_old_results(command);
  return finish_job(job, command, run_steps(job, command));
}

// As CreateTrainingJob takes them.
void print_metric_definitions() {
  auto json = nlohmann::json::array();
  for (const auto& [name, regex] : container::metric_definitions()) {
    json.push_back({{"Name", name}, {"Regex", regex}});
  }
  print_json(json);
}

void run(const Command& program, bool dry_run) {
  const auto environment = process_environment();
  const auto failure = container::job_paths(environment).failure;
  JobEnd end;
  try {
    end = run_job(program, environment, dry_run);
  } catch (const std::exception& error) {
    if (!dry_run) {
      container::write_failure_file(failure, error.what());
    }
    throw;
  }
  if (end.status != 0 && !end.is_told) {
    std::fprintf(stderr, "nadir: %s\n", end.reason.c_str());
  }
  if (end.status != 0) {
    container::write_failure_file(failure, end.reason);
  }
  if (end.status != 0 || caught_signal() != 0) {
    std::fflush(stdout);
    std::exit(end.status);  // 0 where a job was stopped in good order
  }
}

}  // namespace

void add_train(Command parent) {
  auto command = parent.add_command(
      "train",
      "Run a SageMaker training job: the program of its container. The job's\n"
      "hyperparameters and channels are read below /opt/ml, or below\n"
      "SAGEMAKER_BASE_DIR; docs/container.md says what they mean.");
  auto flags = std::make_shared<TrainFlags>();  // outlives the parse
  command.add_flag(
      "--dry-run", flags->dry_run, "Print what the job would run, and stop.");
  command.add_flag(
      "--metric-definitions",
      flags->metric_definitions,
      "Print, as JSON for CreateTrainingJob, how SageMaker finds the metrics "
      "in "
      "the log, and stop.");
  command.set_example("SAGEMAKER_BASE_DIR=job nadir train --dry-run");
  command.on_run([command, flags] {
    if (flags->metric_definitions) {
      print_metric_definitions();
    } else {
      run(command, flags->dry_run);
    }
  });
}

}  // namespace nadir::cli
