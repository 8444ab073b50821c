// `nadir bench scaling`: what a step takes here, and what it would take on many
// GPUs.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "cli/bench_scaling_text.h"
#include "cli/commands.h"
#include "cli/pretrain_data.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/signals.h"
#include "scaling/jobs.h"
#include "scaling/loader_rate.h"
#include "scaling/step_profile.h"
#include "scaling/worker.h"

namespace nadir::cli {
namespace {

// How many share a step where --check compares.
const std::vector<int64_t>& checked_processes() {
  static const std::vector<int64_t> numbers = {1, 2, 4};
  return numbers;
}

struct BenchOptions {
  train::PretrainConfig config;
  scaling::ScalingConfig scaling;
  std::string recipe = "none";
  bool check = false;
};

// Those of a recipe that a step's time, or a loader's rate, depends on.
std::vector<Field> step_fields(train::PretrainConfig& config) {
  static const std::set<std::string> sections = {
      "data", "views", "model", "head"};
  static const std::set<std::string> keys = {
      "optimizer",
      "batch_size_per_gpu",
      "num_threads",
      "num_workers",
      "precision",
      "seed"};
  std::vector<Field> fields;
  for (auto& field : fields_of(config)) {
    if (sections.contains(field.section) || keys.contains(field.key)) {
      fields.push_back(std::move(field));
    }
  }
  return fields;
}

void read_recipe(BenchOptions& options, const FlagTexts& texts) {
  if (options.recipe != "none") {
    NADIR_CHECK(
        options.recipe != "auto",
        "--recipe auto chooses by data that is trained on; print what it "
        "chooses with nadir pretrain --recipe auto --dry-run, and give that "
        "file");
    const auto fields = fields_of(options.config);
    read_toml(fields, read_file(options.recipe), options.recipe);
    apply_flags(fields, texts);
  }
  options.config.optim.accumulate = 1;  // a step of one forward pass
}

// The bands of --data or --bands; three without.
int64_t num_bands_of(
    const train::PretrainConfig& config,
    const std::optional<PretrainData>& data) {
  if (data) {
    return static_cast<int64_t>(data->dataset->bands().size());
  }
  return config.data.bands.empty()
             ? 3
             : static_cast<int64_t>(config.data.bands.size());
}

ScalingReport make_report(const BenchOptions& options) {
  ScalingReport report;
  report.config = options.config;
  report.scaling = options.scaling;
  // Whatever can be refused is refused before anything is measured.
  scaling::check_scaling_config(options.scaling);
  const int64_t num_threads = options.config.run.num_threads;
  NADIR_CHECK(
      num_threads >= 0,
      "num_threads must be >= 0 (0 takes all processors), got {}",
      num_threads);
  NADIR_CHECK(
      num_threads == 0 || !options.check,
      "--check divides all processors among its processes; leave out "
      "--num-threads {}",
      num_threads);
  std::optional<PretrainData> data;
  if (!options.config.data.data_path.empty()) {
    data = open_pretrain_data(options.config, nullptr);
  }
  scaling::check_learner(options.config, num_bands_of(options.config, data));
  if (data) {
    report.loader_images_per_s = scaling::measure_loader_images_per_s(
        data->dataset, data->normalization, options.config);
  }
  scaling::WorkerProgram program;
  program.command = {
      std::filesystem::read_symlink("/proc/self/exe").string(),
      "bench",
      "scaling"};
  program.config = options.config;
  program.most_tries = options.scaling.tries;
  program.num_bands = num_bands_of(options.config, data);
  const int64_t steps = options.scaling.timed_steps;
  report.machine =
      options.check
          ? scaling::measure_machine_for_check(
                program, checked_processes(), steps, options.scaling.rounds)
          : scaling::measure_machine(program, steps);
  report.input = scaling::make_scaling_input(
      options.scaling,
      report.machine.alone().timeline,
      options.config.optim.batch_size_per_gpu,
      report.loader_images_per_s);
  for (const int64_t num_gpus : scaling::predicted_gpus()) {
    using scaling::Algorithm;
    report.rows.push_back(
        {predict(report.input, Algorithm::kRing, num_gpus),
         predict(report.input, Algorithm::kTree, num_gpus),
         predict(report.input, Algorithm::kHierarchical, num_gpus)});
  }
  report.checks = scaling::check_predictions(report.machine);
  return report;
}

void check_errors(const ScalingReport& report) {
  for (const auto& row : report.checks) {
    if (std::abs(row.error) > scaling::kAllowedError) {
      fail(
          ErrorCode::kInternal,
          "the step of {} process{} was predicted {:+.1f} % off, more than "
          "{:.0f} %, while others took up to {:.0f} % of the processors' time; "
          "try "
          "again when the machine is quiet, or with more --rounds",
          row.num_processes,
          row.num_processes == 1 ? "" : "es",
          row.error * 100,
          scaling::kAllowedError * 100,
          report.machine.other_load * 100);
    }
  }
}

void run(BenchOptions options, const FlagTexts& texts, bool as_json) {
  read_recipe(options, texts);
  const auto task = process_environment()(scaling::kTaskVariable);
  if (task) {
    set_log_level(LogLevel::kWarning);
    scaling::run_worker(*task, options.config);
    return;
  }
  try {
    const auto report = make_report(options);
    if (as_json) {
      print_json(to_json(report));
    } else {
      std::fputs(text_of(report).c_str(), stdout);
    }
    std::fflush(stdout);
    check_errors(report);
  } catch (const Error&) {
    if (caught_signal() == 0) {
      throw;  // else the processes were told to end, which is no failure
    }
  }
}

}  // namespace

void add_bench_scaling(Command parent) {
  auto command = parent.add_command(
      "scaling",
      "Measure a training step and sums of gradients on this machine's CPU,\n"
      "and predict steps on 8 to 512 GPUs. Random images unless --data is "
      "given.");
  auto options = std::make_shared<BenchOptions>();  // outlives the parse
  options->config.optim.batch_size_per_gpu = 8;  // a CPU's share, not a GPU's
  command.add(
      "--recipe",
      options->recipe,
      "A TOML file that sets fields; flags win over it.");
  command.add_flag(
      "--check",
      options->check,
      "Also measure steps of 1, 2 and 4 processes here, and fail where they "
      "were predicted more than 15 % off.");
  (void)command.add_fields(fields_of(options->scaling));
  const auto fields = step_fields(options->config);
  const auto texts = command.add_fields(fields);
  command.add_alias(
      "--data",
      find_field(fields, "data_path"),
      texts,
      "The same as --data-path.");
  command.add_alias(
      "--batch-size",
      find_field(fields, "batch_size_per_gpu"),
      texts,
      "The same as --batch-size-per-gpu.");
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir bench scaling --arch vit_small --batch-size 4 --step-ms 250 "
      "--step-images 64\n"
      "  nadir bench scaling --check --arch vit_tiny --out-dim 4096 "
      "--batch-size 4");
  command.on_run([options, texts, as_json] { run(*options, texts, *as_json); });
}

}  // namespace nadir::cli
