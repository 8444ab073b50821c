#include "cli/pretrain_setup.h"

#include <algorithm>
#include <set>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/weights.h"
#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/version.h"
#include "data/input_mean.h"
#include "eval/pictures.h"
#include "eval/prediction.h"
#include "model/device.h"
#include "raster/image_file.h"
#include "train/auto_recipe.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

// Fields that may differ between a run and its continuation: they change
// neither the numbers nor what they mean. The images of a step, which the batch
// and the number of processes make, are compared when the state is read.
const std::set<std::string>& fields_free_on_resume() {
  static const std::set<std::string> keys = {
      "output_dir",
      "checkpoint_dir",
      "data_path",
      "index",
      "init_weights",
      "saveckp_freq",
      "save_every_steps",
      "stop_after_steps",
      "batch_size_per_gpu",
      "accumulate",
      "backward_per_crop_size",
      "num_workers",
      "num_threads",
      "device",
      "stats_every_steps",
      "knn_every_epochs",
      "knn_images",
      "knn_neighbours",
      "max_nonfinite_steps",
      "max_bad_share",
      "peer_timeout_s",
      "dist_backend"};
  return keys;
}

}  // namespace

void apply_auto(
    PretrainOptions& options,
    const PretrainData& data,
    const FlagTexts& texts,
    int64_t world_size) {
  std::set<std::string> given;
  for (const auto& [key, text] : *texts) {
    given.insert(key);
  }
  const auto choices = train::apply_auto_recipe(
      options.config, {data.dataset->size(), data.image_px, world_size}, given);
  for (const auto& choice : choices) {
    log_info("recipe", "{} = {} ({})", choice.key, choice.value, choice.reason);
  }
}

c10::Device open_compute_device(
    train::RunConfig& run, const launch::RankEnvironment& ranks) {
  NADIR_CHECK(
      run.num_threads >= 0,
      "num_threads must be >= 0 (0 takes all processors), got {}",
      run.num_threads);
  const auto share =
      std::max<int64_t>(1, available_threads() / ranks.local_size);
  at::set_num_threads(
      static_cast<int>(run.num_threads > 0 ? run.num_threads : share));
  if (run.num_workers == 0 && ranks.local_size > 1) {
    run.num_workers = share;
  }
  NADIR_CHECK(
      ranks.local_size == 1 || !run.device.starts_with("cuda:"),
      "device {}: {} processes on this host cannot share one; --device cuda "
      "gives each its own",
      run.device,
      ranks.local_size);
  return model::open_device(run.device, ranks.local_rank);
}

void settle_precision(
    train::RunConfig& run,
    c10::Device device,
    const distributed::Communicator& group,
    const fs::path& run_toml) {
  if (run.precision != "auto") {
    return;
  }
  std::string chosen;
  if (group.is_first()) {
    train::PretrainConfig of_run;
    if (fs::exists(run_toml)) {
      read_toml(fields_of(of_run), read_file(run_toml), run_toml.string());
      chosen = of_run.run.precision;
    } else {
      chosen = model::precision_name(model::choose_precision(
          run.precision, model::Use::kTraining, device));
    }
  }
  group.broadcast_text(chosen);
  run.precision = chosen;
}

void check_same_plan(
    const distributed::Communicator& group,
    const train::PretrainConfig& config,
    const PretrainData& data) {
  auto copy = config;
  // Paths may differ between hosts.
  copy.data.data_path.clear();
  copy.data.index.clear();
  copy.run.output_dir.clear();
  copy.run.checkpoint_dir.clear();
  // And so may processors.
  copy.run.num_workers = 0;
  copy.run.num_threads = 0;
  uint64_t hash = hash_text(to_toml(fields_of(copy)));
  const int64_t num_images = data.dataset->size();
  for (int64_t i = 0; i < num_images; ++i) {
    hash = hash_text(data.dataset->name(i), hash);
  }
  const auto plans = group.gather(
      at::tensor({static_cast<int64_t>(hash), num_images}, at::kLong));
  for (int64_t rank = 1; rank < group.world_size(); ++rank) {
    if (!at::equal(plans[rank], plans[0])) {
      fail(
          ErrorCode::kDistributed,
          "rank {} was started with another configuration or other images "
          "than rank 0 ({} and {} images); start all with the same command",
          rank,
          plans[rank][1].item<int64_t>(),
          plans[0][1].item<int64_t>());
    }
  }
}

void check_same_run(const train::PretrainConfig& config, const fs::path& toml) {
  train::PretrainConfig of_run;
  read_toml(fields_of(of_run), read_file(toml), toml.string());
  auto wanted = config;
  const auto run_fields = fields_of(of_run);
  std::vector<std::string> differences;
  for (const auto& field : fields_of(wanted)) {
    const auto& run_field = find_field(run_fields, field.key);
    if (!fields_free_on_resume().contains(field.key) &&
        field_text(field) != field_text(run_field)) {
      differences.push_back(fmt::format(
          "{}: the run has '{}', this command '{}'",
          field.key,
          field_text(run_field),
          field_text(field)));
    }
  }
  NADIR_CHECK(
      differences.empty(),
      "cannot go on with {}:\n  {}\nGive the run's values, or start over with "
      "--overwrite, or begin a new run with --init-weights {}",
      toml.parent_path().string(),
      join(differences, "\n  "),
      toml.parent_path().string());
}

void write_run_description(
    const train::PretrainConfig& config,
    const PretrainData& data,
    const std::vector<std::string>& command_line,
    runs::RunFolder& folder) {
  auto copy = config;
  const std::string toml = to_toml(fields_of(copy));
  folder.write_config(toml);
  if (!config.run.checkpoint_dir.empty()) {
    // There, checkpoints may outlive the run folder (a container's disk).
    write_file(runs::RunPaths(config.run.checkpoint_dir).config, toml);
  }
  runs::Provenance provenance;
  provenance.command_line = command_line;
  provenance.seed = config.run.seed;
  provenance.data = fmt::format(
      "{}, normalisation {}",
      data.dataset->description(),
      data.normalization.name);
  provenance.libraries = {{"LibTorch", TORCH_VERSION}};
  folder.write_provenance(provenance);
}

void draw_example_views(
    const train::PretrainConfig& config,
    const PretrainData& data,
    const fs::path& pictures) {
  constexpr int64_t kExamples = 4;
  const auto images = eval::unlabelled_images(data.dataset, "", kExamples);
  raster::write_png(
      pictures / "views.png",
      eval::view_sheet(
          images,
          data.normalization,
          config.views,
          static_cast<uint64_t>(config.run.seed)));
}

nlohmann::json weights_info(const PretrainData& data) {
  auto info = checkpoint::Weights::unknown_info();
  info["bands"] = data.dataset->bands();
  info["normalization"] = data::to_json(data.normalization);
  const auto mean = data::measure_input_mean(*data.dataset, data.normalization);
  if (!mean.empty()) {
    info["input_mean"] = mean;
  }
  info["class_names"] = data.dataset->class_names();
  info["provenance"] = {
      {"made_by", fmt::format("nadir {} ({})", version(), commit())},
      {"data", data.dataset->description()}};
  return info;
}

checkpoint::TensorMap read_initial_weights(
    const train::PretrainConfig& config, const PretrainData& data) {
  checkpoint::WeightsOptions options;
  options.path = config.run.init_weights;
  options.image_size = config.views.global_crop_size;
  options.in_channels = static_cast<int64_t>(data.dataset->bands().size());
  auto weights = checkpoint::load_weights(options);
  log_info("train", "starting from the weights of {}", weights.source);
  return std::move(weights.tensors);
}

void save_final_weights(
    const train::PretrainConfig& config, const runs::RunPaths& paths) {
  const auto latest = checkpoint::find_latest(config.run.checkpoint_root());
  NADIR_ASSERT(latest.has_value());
  checkpoint::WeightsOptions options;
  options.path = *latest;
  const auto file = checkpoint::save_weights(
      paths.weights / "teacher.safetensors", checkpoint::load_weights(options));
  log_info("train", "weights: {}", file.string());
}

}  // namespace nadir::cli
