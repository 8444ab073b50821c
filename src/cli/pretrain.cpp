// `nadir pretrain`: DINO self-distillation on any imagery.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <nlohmann/json.hpp>

#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/weights.h"
#include "cli/commands.h"
#include "cli/join_group.h"
#include "cli/pretrain_data.h"
#include "cli/pretrain_knn.h"
#include "cli/pretrain_options.h"
#include "cli/pretrain_plan.h"
#include "cli/pretrain_setup.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "core/log.h"
#include "core/signals.h"
#include "launch/collective_backend.h"
#include "launch/gpu_count.h"
#include "launch/host_name.h"
#include "launch/place.h"
#include "train/trainer.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

// The run folder to train into, and the checkpoint to go on from, if any.
struct Start {
  runs::RunFolder folder;
  std::optional<fs::path> checkpoint;
};

// What is there already, before anything is written.
struct Found {
  bool has_run = false;
  bool has_checkpoints = false;  // in the run folder or --checkpoint-dir
  fs::path checkpoint_root;
  fs::path config;  // of the run to go on with
};

Found look_around(const train::RunConfig& run) {
  Found found;
  found.has_run = runs::RunFolder::exists(run.output_dir);
  found.checkpoint_root = run.checkpoint_root();
  found.has_checkpoints =
      !checkpoint::list_checkpoints(found.checkpoint_root).empty();
  const fs::path root =
      found.has_run ? fs::path(run.output_dir) : found.checkpoint_root;
  found.config = runs::RunPaths(root).config;
  return found;
}

// Refuses to write over what is there, and to go on with another run.
void check_start(const PretrainOptions& options, const Found& found) {
  if (options.resume == "auto") {
    if (found.has_run || found.has_checkpoints) {
      check_same_run(options.config, found.config);
    }
    return;
  }
  if (found.has_run && !options.overwrite) {
    (void)runs::RunFolder::create(options.config.run.output_dir, false);
  }
  NADIR_CHECK(
      !found.has_checkpoints || options.overwrite,
      "{} already holds checkpoints; use --resume auto to go on from them, "
      "--overwrite to start over, which moves them aside, or choose another "
      "folder",
      found.checkpoint_root.string());
}

std::optional<fs::path> checkpoint_of(const fs::path& root) {
  const auto latest = checkpoint::find_latest(root);
  if (!latest && !checkpoint::list_checkpoints(root).empty()) {
    fail(
        ErrorCode::kCorruptData,
        "every checkpoint in {} is damaged (see above); --overwrite starts "
        "over and moves the old run aside",
        (root / "checkpoints").string());
  }
  return latest;
}

Start open_run(const PretrainOptions& options, const Found& found) {
  const auto& run = options.config.run;
  const fs::path& root = found.checkpoint_root;
  const bool resumes = options.resume == "auto";
  if (resumes && found.has_run) {
    auto folder = runs::RunFolder::resume(run.output_dir);
    return {std::move(folder), checkpoint_of(root)};
  }
  auto folder = runs::RunFolder::create(run.output_dir, options.overwrite);
  if (resumes) {
    return {std::move(folder), checkpoint_of(root)};
  }
  if (!checkpoint::list_checkpoints(root).empty()) {
    runs::move_aside(runs::RunPaths(root).checkpoints);
  }
  return {std::move(folder), std::nullopt};
}

nlohmann::json result_json(
    const train::TrainResult& result, const std::string& run) {
  nlohmann::json json = {
      {"run", run},
      {"steps", result.num_steps},
      {"final_loss", result.final_loss},
      {"finished", result.is_finished}};
  if (result.best) {
    json["best"] = {{"name", result.best->name}, {"value", result.best->value}};
  }
  return json;
}

// The fields' values by section and key.
nlohmann::json json_of(const std::vector<Field>& fields) {
  auto json = nlohmann::json::object();
  for (const auto& field : fields) {
    std::visit(
        [&](const auto* value) { json[field.section][field.key] = *value; },
        field.target);
  }
  return json;
}

void print_resolved(train::PretrainConfig& config, bool as_json) {
  const auto fields = fields_of(config);
  if (as_json) {
    print_json({{"config", json_of(fields)}});
  } else {
    std::printf("%s", to_toml(fields).c_str());
  }
}

// Where an engine started one program on this host: the run's processes here.
// Does not return where they fail.
void run_on_host(
    const launch::HostPlan& plan, std::vector<std::string> command) {
  constexpr std::chrono::minutes kNameTimeout{5};
  log_info(
      "launch",
      "{}: host {} of {}, {} process{} here, meeting at {}",
      plan.engine,
      plan.node_rank,
      plan.num_nodes,
      plan.num_processes,
      plan.num_processes == 1 ? "" : "es",
      plan.master_address);
  launch::wait_for_host_name(plan.master_address, kNameTimeout);
  command.front() = fs::read_symlink("/proc/self/exe").string();
  const int status =
      launch::run_host_job(launch::host_job_of(plan, std::move(command)));
  if (status != 0) {
    std::exit(status);
  }
}

void run(
    PretrainOptions& options,
    const FlagTexts& texts,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  resolve_config(options, texts);
  auto& config = options.config;
  const auto environment = process_environment();
  const auto place = launch::read_place(environment, launch::num_gpus_here());
  const auto* plan = std::get_if<launch::HostPlan>(&place);
  if (plan != nullptr && !options.dry_run) {
    run_on_host(*plan, options.command_line);
    return;
  }
  const auto ranks = plan != nullptr ? launch::first_rank_of(*plan)
                                     : std::get<launch::RankEnvironment>(place);
  if (ranks.rank > 0) {
    set_log_level(LogLevel::kWarning);  // the first rank speaks for all
  }
  NADIR_CHECK(
      !store::is_remote(config.run.checkpoint_dir),
      "checkpoint_dir {}: a run at s3:// is named by --out alone, and its "
      "checkpoints are below it",
      config.run.checkpoint_dir);
  config.data.index = index_file(remote->input(config.data.index));
  config.run.init_weights = remote_weights(*remote, config.run.init_weights);
  const PretrainData data = open_pretrain_data(config, remote);
  if (options.recipe == "auto") {
    apply_auto(options, data, texts, ranks.world_size);
  }
  // Whatever can be refused is refused before anything is written.
  const auto device = open_compute_device(config.run, ranks);
  const auto backend = launch::choose_collective_backend(
      config.run.dist_backend, device.is_cuda(), environment);
  if (!backend.remark.empty()) {
    log_info("train", "{}", backend.remark);
  }
  train::TrainerInput input;
  if (!options.dry_run && ranks.world_size > 1) {
    input.group = join_group(
        ranks,
        device,
        backend.backend,
        std::chrono::seconds(config.run.peer_timeout_s));
    check_same_plan(*input.group, config, data);
  }
  const bool is_first = ranks.rank == 0;
  const std::string run_name = config.run.output_dir;
  RemoteRun remote_run(
      *remote,
      config.run.output_dir,
      is_first && !options.dry_run,
      options.resume == "auto",
      options.overwrite);
  const Found found = look_around(config.run);
  settle_precision(
      config.run,
      device,
      *input.group,
      options.resume == "auto" ? found.config : fs::path());
  if (!options.dry_run && is_first) {
    check_start(options, found);
  }
  if (is_first) {
    print_plan(config, data, device, ranks.world_size);
  }
  input.config = config;
  input.dataset = data.dataset;
  input.normalization = data.normalization;
  input.device = device;
  if (is_first) {  // who writes them
    input.weights_info = weights_info(data);
  }
  if (!options.dry_run) {
    input.evaluate = make_knn_evaluation(config, data, device, input.group);
  }
  train::Trainer trainer(input);
  if (options.dry_run) {
    if (is_first) {
      print_resolved(config, as_json);
    }
    return;
  }
  if (!is_first) {
    (void)trainer.run(nullptr);
    input.group->barrier();
    return;
  }
  if (!config.run.init_weights.empty() &&
      (options.resume == "no" || !found.has_checkpoints)) {
    trainer.start_from(read_initial_weights(config, data));
  }
  Start start = open_run(options, found);
  if (start.checkpoint) {
    trainer.resume_from(*start.checkpoint);
    log_info("train", "going on from {}", start.checkpoint->string());
  }
  write_run_description(config, data, options.command_line, start.folder);
  if (!start.checkpoint) {
    draw_example_views(config, data, start.folder.paths().pictures);
  }
  remote_run.start();
  const auto result = trainer.run(&start.folder);
  // All end together: a launcher that sees one process end by a signal kills
  // the others, and this one would be in the midst of saving.
  input.group->barrier();
  if (result.is_finished) {
    save_final_weights(config, start.folder.paths());
  }
  remote_run.finish();
  if (as_json) {
    print_json(result_json(result, run_name));
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
  std::printf("\nrun folder: %s\n", run_name.c_str());
  if (!result.is_finished) {
    std::printf("go on with: the same command and --resume auto\n");
  }
}

}  // namespace

void add_pretrain(Command parent) {
  auto command = parent.add_command(
      "pretrain", "Train a Vision Transformer by self-distillation (DINO).");
  auto options = std::make_shared<PretrainOptions>();  // outlives the parse
  const auto texts = add_pretrain_options(command, options);
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir pretrain --data ben-rgb --out runs/a --recipe auto\n"
      "  nadir pretrain --data ben-rgb --out runs/a --recipe auto --resume "
      "auto");
  command.on_run([options, texts, remote, as_json] {
    run(*options, texts, remote(), *as_json);
  });
}

}  // namespace nadir::cli
