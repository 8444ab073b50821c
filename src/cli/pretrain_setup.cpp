#include "cli/pretrain_setup.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <set>

#include <ATen/Parallel.h>
#include <torch/version.h>

#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/weights.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/version.h"
#include "eval/knn_monitor.h"
#include "eval/pictures.h"
#include "eval/prediction.h"
#include "model/device.h"
#include "optim/schedule.h"
#include "raster/image_file.h"
#include "train/auto_recipe.h"
#include "train/run_estimate.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

bool has_split(const data::Dataset& dataset, const std::string& split) {
  for (int64_t i = 0; i < dataset.size(); ++i) {
    if (dataset.split(i) == split) {
      return true;
    }
  }
  return false;
}

data::DatasetOptions dataset_options(const train::DataConfig& config) {
  data::DatasetOptions options;
  options.data = config.data_path;
  options.split = config.split == "all" ? "" : config.split;
  options.bands = config.bands;
  options.max_images = config.max_images;
  options.index = config.index;
  options.window_px = config.window_px;
  return options;
}

// Fields that may differ between a run and its continuation: they change
// neither the numbers nor what they mean.
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
      "num_workers",
      "num_threads",
      "device",
      "stats_every_steps",
      "knn_every_epochs",
      "knn_images",
      "knn_neighbours",
      "max_nonfinite_steps",
      "max_bad_share"};
  return keys;
}

// One global view in float32.
double bytes_of_input(
    const train::PretrainConfig& config, const PretrainData& data) {
  const int64_t side = config.views.global_crop_size;
  return static_cast<double>(
      4 * side * side * static_cast<int64_t>(data.dataset->bands().size()));
}

bool has_knn_score(
    const train::PretrainConfig& config, const PretrainData& data) {
  return !data.dataset->class_names().empty() &&
         config.run.knn_every_epochs > 0;
}

// The most images of each of the two sides of the k-NN score. They stay in
// memory as network input, which is kept below 1 GiB.
int64_t most_knn_images(
    const train::PretrainConfig& config, const PretrainData& data) {
  return std::min(
      config.run.knn_images,
      static_cast<int64_t>(0x1p30 / (2 * bytes_of_input(config, data))));
}

// What the k-NN score keeps in memory, at most.
double bytes_of_knn_images(
    const train::PretrainConfig& config, const PretrainData& data) {
  if (!has_knn_score(config, data)) {
    return 0;
  }
  const int64_t num_images =
      std::min(most_knn_images(config, data), data.dataset->size());
  return 2 * bytes_of_input(config, data) * static_cast<double>(num_images);
}

std::string describe_bands(const std::vector<std::string>& bands) {
  return fmt::format("{} bands ({})", bands.size(), join(bands, ","));
}

}  // namespace

PretrainData open_pretrain_data(const train::PretrainConfig& config) {
  auto options = dataset_options(config.data);
  PretrainData data;
  data.dataset = data::open_dataset(options);
  if (config.data.split.empty() && has_split(*data.dataset, "train")) {
    options.split = "train";
    data.dataset = data::open_dataset(options);
  }
  NADIR_CHECK(
      data.dataset->size() > 0, "{} holds no images", config.data.data_path);
  const auto first = data.dataset->read(0);
  data.image_px = std::min(first.height(), first.width());
  data.normalization = data::make_normalization(
      config.data.normalization,
      data.dataset->bands(),
      first.type(),
      data.dataset->statistics());
  return data;
}

void apply_auto(
    PretrainOptions& options,
    const PretrainData& data,
    const FlagTexts& texts) {
  std::set<std::string> given;
  for (const auto& [key, text] : *texts) {
    given.insert(key);
  }
  const auto choices = train::apply_auto_recipe(
      options.config, {data.dataset->size(), data.image_px}, given);
  for (const auto& choice : choices) {
    log_info("recipe", "{} = {} ({})", choice.key, choice.value, choice.reason);
  }
}

c10::Device open_compute_device(const train::RunConfig& run) {
  NADIR_CHECK(
      run.num_threads >= 0,
      "num_threads must be >= 0 (0 takes all processors), got {}",
      run.num_threads);
  at::set_num_threads(
      run.num_threads > 0 ? static_cast<int>(run.num_threads)
                          : available_threads());
  return model::open_device(run.device);
}

void print_plan(
    const train::PretrainConfig& config,
    const PretrainData& data,
    c10::Device device) {
  const auto num_bands = static_cast<int64_t>(data.dataset->bands().size());
  // First: it refuses fields by which the plan is divided.
  const auto estimate = train::estimate_run(
      config, num_bands, device.is_cpu() ? train::measure_gflop_per_s() : 0);
  const double memory_bytes =
      estimate.memory_bytes + bytes_of_knn_images(config, data);
  const auto& optim = config.optim;
  const int64_t batch = optim.batch_size_per_gpu * optim.accumulate;
  const int64_t steps_per_epoch = data.dataset->size() / batch;
  const int64_t steps = steps_per_epoch * optim.epochs;
  log_info("train", "data: {}", data.dataset->description());
  log_info(
      "train",
      "{}, normalisation {}; {} px images, views of {} and {} px",
      describe_bands(data.dataset->bands()),
      data.normalization.name,
      data.image_px,
      config.views.global_crop_size,
      config.views.local_crop_size);
  log_info(
      "train",
      "{} patch {}, {} prototypes, {:.1f} M parameters, on {}, {}",
      config.model.arch,
      config.model.patch_size,
      config.head.out_dim,
      static_cast<double>(estimate.num_parameters) / 1e6,
      device.str(),
      config.run.precision);
  log_info(
      "train",
      "effective batch {} = {} per device x 1 device x {} accumulated; "
      "learning rate {:.3g}",
      batch,
      optim.batch_size_per_gpu,
      optim.accumulate,
      optim::scaled_learning_rate(optim.lr, batch));
  log_info(
      "train",
      "{} epochs x {} steps = {} steps; about {} of memory{}",
      optim.epochs,
      steps_per_epoch,
      steps,
      format_bytes(memory_bytes),
      estimate.step_s > 0
          ? fmt::format(
                ", {:.1f} images/s, {} in all",
                static_cast<double>(batch) / estimate.step_s,
                format_duration(estimate.step_s * static_cast<double>(steps)))
          : "");
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

namespace {

// Data that cannot be divided is trained on without a k-NN score.
std::optional<eval::Splits> open_monitored_splits(
    const eval::SplitConfig& config, const std::vector<std::string>& bands) {
  try {
    return eval::open_splits(config, bands, true);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInvalidArgument) {
      throw;
    }
    log_warning(
        "train",
        "no k-NN score while training: {} (--knn-every-epochs 0 asks for none)",
        error.what());
    return std::nullopt;
  }
}

}  // namespace

train::Evaluate make_knn_evaluation(
    const train::PretrainConfig& config,
    const PretrainData& data,
    c10::Device device) {
  if (!has_knn_score(config, data)) {
    return {};
  }
  const int64_t side = config.views.global_crop_size;
  const int64_t num_images = most_knn_images(config, data);
  eval::SplitConfig splits;
  splits.data = config.data.data_path;
  splits.index = config.data.index;
  splits.max_train = num_images;
  splits.max_val = num_images;  // the test images are scored once, at last
  const auto opened = open_monitored_splits(splits, data.dataset->bands());
  if (!opened) {
    return {};
  }
  eval::ViewRecipe views;
  views.normalization = data.normalization;
  views.crop_px = side;
  views.resize_px = std::llround(static_cast<double>(side) * 256 / 224);
  auto monitor = std::make_shared<eval::KnnMonitor>(
      opened->task,
      opened->train,
      opened->validation,
      views,
      config.run.knn_neighbours,
      config.run.num_workers);
  const int64_t batch = config.optim.batch_size_per_gpu;
  return [monitor, device, batch](const model::VisionTransformer& network) {
    const auto score = monitor->score(network, device, batch);
    return train::Score{score.name, score.score};
  };
}

nlohmann::json weights_info(const PretrainData& data) {
  auto info = checkpoint::Weights::unknown_info();
  info["bands"] = data.dataset->bands();
  info["normalization"] = data::to_json(data.normalization);
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
