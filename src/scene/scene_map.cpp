#include "scene/scene_map.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"
#include "eval/prediction.h"

namespace nadir::scene {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// Of what decides the probabilities.
std::string sha256_of(const eval::Probe& probe) {
  Hasher hasher(Hasher::Kind::kSha256);
  for (const auto& name : probe.class_names) {
    hasher.update(name + "\n");
  }
  for (const auto& tensor : {probe.head.weight_CF, probe.head.bias_C}) {
    const auto values = tensor.contiguous();
    hasher.update(
        {static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  }
  return hasher.hex();
}

std::string components_sha256(const Components& components) {
  const auto values = components.direction_NF.contiguous();
  return sha256_hex(
      {static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
}

void check_config(const MapConfig& config) {
  NADIR_CHECK(
      !config.probe.empty() || !config.segment.empty() ||
          config.embeddings != 0 || !config.components.empty() ||
          !config.change.empty(),
      "say what to map: --probe (classes), --segment (classes of pixels), "
      "--embeddings N (components), "
      "--change SCENE (another date); see nadir map --help");
  NADIR_CHECK(
      config.embeddings >= 0,
      "embeddings must be >= 0, got {}",
      config.embeddings);
  NADIR_CHECK(
      config.segment.empty() ||
          (config.probe.empty() && config.weights.empty() &&
           config.embeddings == 0 && config.components.empty() &&
           config.change.empty() && config.crop_px == 0 &&
           config.resize_px < 0 && config.normalization.empty() &&
           config.bands.empty()),
      "--segment maps the classes of its head alone, through the head's own "
      "network and views; leave out --probe, --weights, --embeddings, "
      "--components, --change, --crop-px, --resize-px, --normalization and "
      "--bands");
  NADIR_CHECK(
      config.cell_px == 0 || !config.segment.empty(),
      "--cell-px is for --segment; cells of other maps are a stride wide");
  NADIR_CHECK(
      config.window_px > 0 || !config.segment.empty(),
      "--window-px must say how many pixels of the scene the network sees at "
      "once: the side of the images that it was trained on (BigEarthNet's "
      "have 120, EuroSAT's 64)");
  NADIR_CHECK(
      config.window_px >= 0 && config.stride_px >= 0 &&
          (config.window_px == 0 || config.stride_px <= config.window_px),
      "stride_px must be between 0 (half a window) and window_px, which is {}, "
      "got {}",
      config.window_px,
      config.stride_px);
  NADIR_CHECK(
      config.min_valid >= 0 && config.min_valid <= 1,
      "min_valid must lie between 0 and 1, got {}",
      config.min_valid);
  NADIR_CHECK(
      config.batch_size > 0,
      "batch_size must be > 0, got {}",
      config.batch_size);
  NADIR_CHECK(
      config.num_workers >= 0,
      "num_workers must be >= 0 (0 takes all processors), got {}",
      config.num_workers);
  NADIR_CHECK(config.blocks > 0, "blocks must be > 0, got {}", config.blocks);
  NADIR_CHECK(
      config.probe.empty() ||
          (config.crop_px == 0 && config.resize_px < 0 &&
           config.normalization.empty() && config.bands.empty()),
      "the probe {} says how windows are cut and normalised; leave out "
      "--crop-px, --resize-px, --normalization and --bands",
      config.probe);
  (void)blend_from_text(config.blend);
}

int64_t most_parts(const WindowModel& model) {
  int64_t most = 1;
  for (const auto& field : model.fields()) {
    most = std::max(most, field.num_parts);
  }
  return most;
}

nlohmann::json to_json(const std::vector<WindowField>& fields) {
  auto json = nlohmann::json::array();
  for (const auto& field : fields) {
    json.push_back({field.name, field.num_values, field.num_parts});
  }
  return json;
}

}  // namespace

SceneMap::SceneMap(const MapConfig& config) : config_(config) {
  check_config(config_);
  if (config_.scene_name.empty()) {
    config_.scene_name = config_.scene;
  }
  if (config_.change_name.empty()) {
    config_.change_name = config_.change;
  }
  if (!config_.components.empty()) {
    components_ = load_components(config_.components);
    NADIR_CHECK(
        config_.embeddings == 0 ||
            config_.embeddings == components_->variance_N.numel(),
        "{} holds {} components; leave out --embeddings, got {}",
        config_.components,
        components_->variance_N.numel(),
        config_.embeddings);
    config_.embeddings = components_->variance_N.numel();
  }
  if (config_.segment.empty()) {
    load_model();
  } else {
    load_segment_model();
  }
  if (config_.stride_px == 0) {
    config_.stride_px = std::max<int64_t>(1, config_.window_px / 2);
  }
  if (second_) {
    check_same_grid(*scene_, *second_);
  }
  const int64_t parts = most_parts(*model_);
  const int64_t cell_px =
      parts == 1 ? config_.stride_px
                 : std::clamp<int64_t>(
                       config_.window_px / parts, 1, config_.stride_px);
  const auto axis = [&](int64_t size_px) {
    return Axis(size_px, config_.window_px, config_.stride_px, cell_px);
  };
  NADIR_CHECK(
      config_.window_px <= scene_->info().height &&
          config_.window_px <= scene_->info().width,
      "{} has {} x {} pixels, fewer than a window of {}; lower --window-px",
      scene_->path(),
      scene_->info().height,
      scene_->info().width,
      config_.window_px);
  plan_ = WindowPlan{axis(scene_->info().height), axis(scene_->info().width)};
  if (scene_->info().georeference.crs.empty()) {
    log_warning(
        "scene",
        "{} does not say its projection; neither will the maps",
        scene_->path());
  }
}

void SceneMap::load_model() {
  std::optional<eval::Probe> probe;
  eval::FeaturesConfig features;
  features.weights = config_.weights;
  features.checkpoint_key = config_.checkpoint_key;
  features.bands = config_.bands;
  features.normalization = config_.normalization;
  features.resize_px = config_.resize_px;
  features.crop_px = config_.crop_px;
  features.device = config_.device;
  features.precision = config_.precision;
  if (!config_.probe.empty()) {
    probe = eval::load_probe(config_.probe);
    if (config_.weights.empty()) {
      features.weights = probe->weights;
      features.checkpoint_key = probe->checkpoint_key;
    }
    NADIR_CHECK(
        fs::exists(features.weights),
        "the weights {} of the probe {} are not there; say where they are with "
        "--weights",
        features.weights,
        config_.probe);
  }
  auto frozen = eval::load_frozen_network(features);
  const auto open = [&](const std::string& path) {
    SceneOptions options;
    options.path = path;
    options.bands = probe ? probe->views.normalization.bands : frozen.bands;
    options.band_names = config_.band_names;
    options.nodata = config_.nodata;
    return std::make_unique<Scene>(options);
  };
  scene_ = open(config_.scene);
  if (!config_.change.empty()) {
    second_ = open(config_.change);
  }
  views_ = probe ? probe->views
                 : eval::make_view_recipe(
                       frozen,
                       {scene_->bands(),
                        [this] { return scene_->info().type; },
                        nullptr},
                       features);
  const bool has_embedding = config_.embeddings > 0 || second_;
  const auto layout = eval::layout_of(
      *frozen.network,
      std::max(
          has_embedding ? config_.blocks : 1,
          probe ? probe->layout.num_blocks : 1),
      (has_embedding && config_.mean_patch) ||
          (probe && probe->layout.has_mean));
  std::optional<eval::FeatureColumns> embedding;
  if (has_embedding) {
    embedding = layout.columns(config_.blocks, config_.mean_patch);
    features_ = embedding->name;
  }
  weights_ = frozen.source;
  weights_sha256_ = frozen.sha256;
  precision_ = model::precision_name(frozen.precision);
  if (probe) {
    class_names_ = probe->class_names;
    probe_sha256_ = sha256_of(*probe);
  }
  model_ = std::make_unique<FrozenModel>(
      std::move(frozen), std::move(probe), layout, std::move(embedding));
  check_components();
}

void SceneMap::check_components() const {
  if (!components_) {
    return;
  }
  NADIR_CHECK(
      components_->weights_sha256 == weights_sha256_ &&
          components_->features == features_,
      "{} holds components of other embeddings ({} of the weights {:.12}) than "
      "these ({} of {:.12}); name those weights, --blocks and --mean-patch, or "
      "fit components anew with --embeddings",
      config_.components,
      components_->features,
      components_->weights_sha256,
      features_,
      weights_sha256_);
}

// What decides the numbers of the windows.
nlohmann::json SceneMap::settings() const {
  return {
      {"scene", scene_->identity()},
      {"second", second_ ? second_->identity() : nlohmann::json()},
      {"weights_sha256", weights_sha256_},
      {"probe_sha256", probe_sha256_},
      {"features", features_},
      {"normalization", data::to_json(views_.normalization)},
      {"views", views_.text()},
      {"window_px", config_.window_px},
      {"stride_px", config_.stride_px},
      {"min_valid", config_.min_valid},
      {"batch_size", config_.batch_size},
      {"precision", precision_},
      {"fields", to_json(model_->fields())}};
}

// What decides the maps beside the windows.
nlohmann::json SceneMap::products() const {
  return {
      {"blend", config_.blend},
      {"embeddings", config_.embeddings},
      {"components", components_ ? components_sha256(*components_) : ""},
      {"seed", config_.seed}};
}

std::vector<SceneMap::Date> SceneMap::dates() const {
  std::vector<Date> dates = {{"first", scene_.get()}};
  if (second_) {
    dates.push_back({"second", second_.get()});
  }
  return dates;
}

WindowRange SceneMap::range_of(const Part& part) const {
  const auto range =
      eval::batches_of(plan_->num_windows(), config_.batch_size, part);
  return {range.begin, range.end};
}

nlohmann::ordered_json SceneMap::plan() const {
  const int64_t num_bands = static_cast<int64_t>(scene_->bands().size());
  const int64_t num_dates = second_ ? 2 : 1;
  int64_t window_floats = 0;
  for (const auto& field : model_->fields()) {
    window_floats += field.size();
  }
  constexpr int64_t kStripsHeld = 4;
  constexpr int64_t kBatchesHeld = 5;
  const int64_t view_bytes = num_bands * views_.crop_px * views_.crop_px * 4;
  const int64_t map_bands =
      static_cast<int64_t>(class_names_.size()) + config_.embeddings +
      (second_ ? 1 + static_cast<int64_t>(class_names_.size()) : 0);
  const int64_t num_cells = plan_->rows.num_cells() * plan_->cols.num_cells();
  return {
      {"scene", config_.scene_name},
      {"height", scene_->info().height},
      {"width", scene_->info().width},
      {"bands", scene_->bands()},
      {"window_px", config_.window_px},
      {"stride_px", config_.stride_px},
      {"windows", plan_->num_windows()},
      {"dates", num_dates},
      {"map_height", plan_->rows.num_cells()},
      {"map_width", plan_->cols.num_cells()},
      {"map_bands", map_bands},
      {"memory_bytes",
       kStripsHeld * scene_->bytes_of_rows(config_.window_px) +
           kBatchesHeld * config_.batch_size * view_bytes},
      {"disk_bytes",
       num_dates * plan_->num_windows() * (window_floats * 4 + 2) +
           num_cells * map_bands * 4}};
}

}  // namespace nadir::scene
