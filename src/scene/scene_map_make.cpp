#include <array>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/version.h"
#include "data/part_set.h"
#include "raster/image_file.h"
#include "runs/run_lock.h"
#include "scene/map_output.h"
#include "scene/map_picture.h"
#include "scene/scene_map.h"
#include "scene/window_run.h"

namespace nadir::scene {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr char kPartKind[] = "map";
constexpr char kMapFile[] = "map.json";
constexpr char kSettingsFile[] = "settings.json";
constexpr char kComponentsFile[] = "components.safetensors";
constexpr char kPictureFile[] = "picture.png";
constexpr int kMapFormat = 1;
constexpr int64_t kComponentWindows = 20000;
constexpr int64_t kPicturePx = 600;

// The folder's windows were made with these settings, or are none.
void keep_settings(const fs::path& folder, const nlohmann::json& settings) {
  const auto file = folder / kSettingsFile;
  if (!fs::exists(file)) {
    write_file(file, json_text(settings, 2) + "\n");
    return;
  }
  const auto made = parse_json_or_discard(read_file(file));
  if (!made.is_object()) {
    fail(
        ErrorCode::kCorruptData,
        "{} is damaged; remove {} to begin anew",
        file.string(),
        folder.string());
  }
  data::check_part_settings(folder, made, settings);
}

// How many windows were given, skipped, and not finite, which is warned of.
ordered_json count_windows(const WindowReader& windows) {
  std::array<int64_t, 3> counts = {};
  for (const uint8_t state :
       windows.states({0, windows.plan().num_windows()})) {
    ++counts.at(state);
  }
  const auto of = [&](WindowState state) {
    return counts.at(static_cast<size_t>(state));
  };
  if (of(WindowState::kNotFinite) > 0) {
    log_warning(
        "scene",
        "the network gave numbers that are not finite for {} windows; their "
        "cells have no data",
        of(WindowState::kNotFinite));
  }
  return {
      {"given", of(WindowState::kGiven)},
      {"skipped", of(WindowState::kSkipped)},
      {"not_finite", of(WindowState::kNotFinite)}};
}

}  // namespace

std::optional<ordered_json> SceneMap::finished() const {
  const auto file = fs::path(config_.out) / kMapFile;
  if (!fs::exists(file)) {
    return std::nullopt;
  }
  auto json = parse_ordered_json(read_file(file));
  if (!json.is_object() || !json.contains("settings") ||
      !json.contains("products")) {
    fail(
        ErrorCode::kCorruptData,
        "{} is damaged; remove it, or choose another --out",
        file.string());
  }
  const nlohmann::json made = json;
  const auto check = [&](const nlohmann::json& was,
                         const nlohmann::json& wanted) {
    for (const auto& [key, value] : wanted.items()) {
      const auto found = was.find(key);
      NADIR_CHECK(
          found != was.end() && *found == value,
          "{} holds other maps: {} is {} there and {} here; choose another "
          "--out, or --overwrite",
          config_.out,
          key,
          found == was.end() ? "missing" : json_text(*found),
          json_text(value));
    }
  };
  check(made["settings"], settings());
  check(made["products"], products());
  return json;
}

void SceneMap::clear() const {
  std::error_code ignored;
  for (const char* file :
       {kMapFile,
        kComponentsFile,
        kPictureFile,
        kProbabilitiesFile,
        kEmbeddingsFile,
        kChangeFile}) {
    fs::remove(fs::path(config_.out) / file, ignored);
  }
  fs::remove_all(data::PartSet::of_folder(config_.out).path(Part()), ignored);
}

void SceneMap::make_part(const Part& part, const fs::path& folder) const {
  make_folder(folder);
  const runs::RunLock lock(folder / "lock");
  keep_settings(folder, settings());
  const auto range = range_of(part);
  WindowRunOptions options;
  options.batch_size = config_.batch_size;
  options.num_threads = config_.num_workers;
  options.min_valid_share = config_.min_valid;
  for (const auto& date : dates()) {
    if (range.size() > 0) {
      run_windows(
          *date.scene,
          *plan_,
          range,
          *model_,
          views_,
          options,
          folder / date.folder,
          second_ ? std::string("mapping the ") + date.folder + " date"
                  : "mapping");
    }
  }
  const data::PartHeader header = {
      kPartKind,
      part,
      settings(),
      {{"begin", range.begin}, {"end", range.end}}};
  write_file(
      folder / data::kPartFile, json_text(data::to_json(header), 2) + "\n");
}

MapResult SceneMap::make(const Part& part) const {
  MapResult result;
  const auto parts = data::PartSet::of_folder(config_.out);
  if (config_.overwrite) {
    NADIR_CHECK(
        part.is_whole(),
        "--overwrite cannot be told to a part ({}); remove {} by hand",
        part.text(),
        config_.out);
    clear();
  }
  if (auto summary = finished()) {
    draw_picture();
    return {true, true, {}, std::move(*summary)};
  }
  make_folder(config_.out);
  result.was_complete = parts.check_before(part, kPartKind, settings());
  if (!result.was_complete) {
    make_part(part, parts.path(part));
  }
  const auto outcome =
      parts.merge_if_complete([&](const auto&, const auto& paths) {
        result.summary = write_maps(paths);
      });
  result.is_merged = outcome.is_merged;
  if (result.is_merged) {
    draw_picture();
  }
  result.missing = outcome.missing;
  return result;
}

void SceneMap::draw_picture() const {
  const fs::path out = config_.out;
  if (config_.picture && !fs::exists(out / kPictureFile)) {
    raster::write_png(
        out / kPictureFile,
        map_picture(*scene_, class_names_, out, kPicturePx));
  }
}

std::vector<WindowReader> SceneMap::read_windows(
    const std::vector<fs::path>& parts) const {
  std::vector<WindowReader> windows;
  for (const auto& date : dates()) {
    std::vector<WindowReader::Source> sources;
    for (size_t p = 0; p < parts.size(); ++p) {
      const auto range = range_of(
          {static_cast<int64_t>(p) + 1, static_cast<int64_t>(parts.size())});
      if (range.size() > 0) {
        sources.push_back({parts[p] / date.folder, range});
      }
    }
    windows.emplace_back(*plan_, model_->fields(), std::move(sources));
  }
  return windows;
}

Components SceneMap::components_of(const WindowReader& windows) const {
  if (components_) {
    return *components_;
  }
  auto components = fit_components(
      windows,
      config_.embeddings,
      kComponentWindows,
      static_cast<uint64_t>(config_.seed));
  components.weights_sha256 = weights_sha256_;
  components.features = features_;
  return components;
}

std::map<std::string, std::string> SceneMap::metadata() const {
  std::map<std::string, std::string> metadata = {
      {"NADIR_SCENE", config_.scene_name},
      {"NADIR_SECOND_SCENE", config_.change_name},
      {"NADIR_WEIGHTS", weights_},
      {"NADIR_WEIGHTS_SHA256", weights_sha256_},
      {"NADIR_PROBE", config_.probe},
      {"NADIR_SEGMENT_HEAD", config_.segment},
      {"NADIR_PROBE_SHA256", probe_sha256_},
      {"NADIR_FEATURES", features_},
      {"NADIR_NORMALIZATION", json_text(data::to_json(views_.normalization))},
      {"NADIR_VIEWS", views_.text()},
      {"NADIR_WINDOW_PX", std::to_string(config_.window_px)},
      {"NADIR_STRIDE_PX", std::to_string(config_.stride_px)},
      {"NADIR_BLEND", config_.blend},
      {"NADIR_PRECISION", precision_},
      {"NADIR_VERSION", version()},
      {"NADIR_COMMIT", commit()}};
  std::erase_if(
      metadata, [](const auto& entry) { return entry.second.empty(); });
  return metadata;
}

ordered_json SceneMap::write_maps(const std::vector<fs::path>& parts) const {
  const auto windows = read_windows(parts);
  const fs::path out = config_.out;
  std::vector<MapOutput> outputs;
  if (!class_names_.empty()) {
    outputs.push_back(probability_output(windows.front(), class_names_));
  }
  Components components;
  if (config_.embeddings > 0) {
    components = components_of(windows.front());
    save_components(components, out / kComponentsFile);
    outputs.push_back(component_output(windows.front(), components));
  }
  if (second_) {
    outputs.push_back(
        change_output(windows.front(), windows.back(), class_names_));
  }
  auto files = ordered_json::array();
  for (const auto& output : outputs) {
    const int64_t num_given = write_map(
        output,
        *plan_,
        blend_from_text(config_.blend),
        scene_->info().georeference,
        metadata(),
        out);
    files.push_back(
        {{"file", output.file},
         {"bands", output.band_names},
         {"cells", num_given}});
  }
  auto counts = ordered_json::array();
  for (const auto& date : windows) {
    counts.push_back(count_windows(date));
  }
  ordered_json summary = {
      {"format", kMapFormat},
      {"scene", config_.scene_name},
      {"height", scene_->info().height},
      {"width", scene_->info().width},
      {"map_height", plan_->rows.num_cells()},
      {"map_width", plan_->cols.num_cells()},
      {"cell_px", plan_->rows.cell_px()},
      {"windows", counts},
      {"outputs", files},
      {"settings", settings()},
      {"products", products()},
      {"nadir_version", version()},
      {"nadir_commit", commit()}};
  write_file(out / kMapFile, json_text(summary, 2) + "\n");
  return summary;
}

}  // namespace nadir::scene
