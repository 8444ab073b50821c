// `nadir pretrain`: DINO self-distillation on any imagery.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/weights.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/pretrain_options.h"
#include "cli/pretrain_setup.h"
#include "core/error.h"
#include "core/log.h"
#include "core/signals.h"
#include "train/trainer.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

// The run folder to train into, and the checkpoint to go on from, if any.
struct Start {
  runs::RunFolder folder;
  std::optional<fs::path> checkpoint;
};

Start open_run(const PretrainOptions& options) {
  const auto& run = options.config.run;
  const fs::path root =
      run.checkpoint_dir.empty() ? run.output_dir : run.checkpoint_dir;
  if (options.resume == "no" || !runs::RunFolder::exists(run.output_dir)) {
    auto folder = runs::RunFolder::create(run.output_dir, options.overwrite);
    return {std::move(folder), std::nullopt};
  }
  auto folder = runs::RunFolder::resume(run.output_dir);
  return {std::move(folder), checkpoint::find_latest(root)};
}

nlohmann::json result_json(
    const train::TrainResult& result, const std::string& run) {
  nlohmann::json json = {
      {"run", run},
      {"steps", result.num_steps},
      {"final_loss", result.final_loss},
      {"finished", result.is_finished}};
  if (result.best) {
    json["best"] = {
        {"name", result.best->name}, {"value", result.best->value}};
  }
  return json;
}

void run(PretrainOptions& options, const FlagTexts& texts, bool as_json) {
  resolve_config(options, texts);
  auto& config = options.config;
  const PretrainData data = open_pretrain_data(config);
  if (options.recipe == "auto") {
    apply_auto(options, data, texts);
  }
  // Refused before anything expensive, and before anything is written.
  if (!options.dry_run && options.resume == "no" && !options.overwrite &&
      runs::RunFolder::exists(config.run.output_dir)) {
    (void)runs::RunFolder::create(config.run.output_dir, false);
  }
  const auto device = open_compute_device(config.run);
  print_plan(config, data, device);
  if (options.dry_run) {
    return;
  }
  Start start = open_run(options);
  if (start.checkpoint) {
    check_same_run(config, start.folder.paths().config);
  }
  write_run_description(config, data, options.command_line, start.folder);
  if (!start.checkpoint) {
    draw_example_views(config, data, start.folder.paths().pictures);
  }
  train::TrainerInput input;
  input.config = config;
  input.dataset = data.dataset;
  input.normalization = data.normalization;
  input.device = device;
  input.evaluate = make_knn_evaluation(config, data, device);
  input.weights_info = weights_info(data);
  train::Trainer trainer(input);
  if (start.checkpoint) {
    trainer.resume_from(*start.checkpoint);
    log_info("train", "going on from {}", start.checkpoint->string());
  } else if (!config.run.init_weights.empty()) {
    trainer.start_from(read_initial_weights(config, data));
  }
  const auto result = trainer.run(start.folder);
  if (result.is_finished) {
    save_final_weights(config, start.folder.paths());
  }
  if (as_json) {
    print_json(result_json(result, config.run.output_dir));
    return;
  }
  std::printf(
      "%s after %lld steps, loss %.4f",
      result.is_finished ? "finished" : "stopped",
      static_cast<long long>(result.num_steps),
      result.final_loss);
  if (result.best) {
    std::printf(
        ", best %s %.4f", result.best->name.c_str(), result.best->value);
  }
  std::printf("\nrun folder: %s\n", config.run.output_dir.c_str());
  if (!result.is_finished) {
    std::printf("go on with: the same command and --resume auto\n");
  }
}

}  // namespace

void add_pretrain(CLI::App& parent) {
  auto* command = parent.add_subcommand(
      "pretrain", "Train a Vision Transformer by self-distillation (DINO).");
  auto options = std::make_shared<PretrainOptions>();  // outlives the parse
  const auto texts = add_pretrain_options(*command, options);
  const auto as_json = add_json_flag(*command);
  set_example(
      *command,
      "nadir pretrain --data ben-rgb --out runs/a --recipe auto\n"
      "  nadir pretrain --data ben-rgb --out runs/a --recipe auto --resume "
      "auto");
  command->callback(
      [options, texts, as_json] { run(*options, texts, *as_json); });
}

}  // namespace nadir::cli
