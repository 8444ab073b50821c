#include "checkpoint/weights.h"

#include <optional>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/pth_reader.h"
#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "model/position_embedding.h"

namespace nadir::checkpoint {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int kFormatVersion = 1;
constexpr const char* kConfigFile = "config.json";
constexpr const char* kTensorsFile = "model.safetensors";
constexpr const char* kInfoKeys[] = {
    "bands", "normalization", "input_mean", "class_names", "provenance"};

// Tensors as the source names them, and its config.json if it has one.
struct Source {
  TensorMap tensors;
  json config;
  std::string name;
};

bool is_checkpoint_folder(const fs::path& path) {
  return fs::exists(path / "manifest.json");
}

fs::path latest_of_run(const fs::path& run) {
  const auto latest = find_latest(run);
  if (!latest) {
    if (!list_checkpoints(run).empty()) {
      fail(
          ErrorCode::kCorruptData,
          "every checkpoint of the run {} is damaged (see above)",
          run.string());
    }
    fail(
        ErrorCode::kNotFound,
        "the run {} has no complete checkpoint yet",
        run.string());
  }
  return *latest;
}

// The checkpoint folder that a run or checkpoint folder stands for.
std::optional<fs::path> checkpoint_folder_of(const fs::path& path) {
  if (is_checkpoint_folder(path)) {
    return path;
  }
  if (fs::is_directory(path / "checkpoints")) {
    return latest_of_run(path);
  }
  return std::nullopt;
}

std::string part_of(const std::string& checkpoint_key) {
  NADIR_CHECK(
      checkpoint_key.empty() || checkpoint_key == "teacher" ||
          checkpoint_key == "student",
      "checkpoint_key must be teacher or student, got '{}'",
      checkpoint_key);
  return checkpoint_key.empty() ? "teacher" : checkpoint_key;
}

// A checkpoint's tensors under `part`., without that prefix.
TensorMap tensors_below(const TensorMap& tensors, const std::string& part) {
  const std::string prefix = part + ".";
  TensorMap below;
  for (auto it = tensors.lower_bound(prefix);
       it != tensors.end() && it->first.compare(0, prefix.size(), prefix) == 0;
       ++it) {
    below[it->first.substr(prefix.size())] = it->second;
  }
  return below;
}

Source read_checkpoint(const fs::path& folder, const std::string& part) {
  const State state = load_checkpoint(folder);
  Source source;
  source.tensors = tensors_below(state.tensors, part);
  source.config = state.meta.value("weights", json());
  source.name = fmt::format("{} ({})", folder.string(), part);
  NADIR_CHECK(
      !source.tensors.empty(),
      "the checkpoint {} holds no '{}'",
      folder.string(),
      part);
  return source;
}

json parse_config(const fs::path& path) {
  try {
    json config = parse_json(read_file(path));
    if (config.is_object()) {
      return config;
    }
  } catch (const json::exception&) {
  }
  fail(ErrorCode::kCorruptData, "{} is no JSON object", path.string());
}

void refuse_key(const std::string& checkpoint_key, const fs::path& path) {
  NADIR_CHECK(
      checkpoint_key.empty(),
      "{} holds a backbone alone, not a full checkpoint with student and "
      "teacher; leave out --checkpoint_key {}",
      path.string(),
      checkpoint_key);
}

Source read_safetensors_source(
    const fs::path& path, const WeightsOptions& options) {
  refuse_key(options.checkpoint_key, path);
  Source source;
  source.name = path.string();
  source.tensors = read_safetensors(path).tensors;
  const fs::path config_path = path.parent_path() / kConfigFile;
  if (fs::exists(config_path)) {
    json config = parse_config(config_path);
    // Other programs use the same file name; only ours has "file".
    if (config.value("file", json()) == path.filename().string()) {
      source.config = std::move(config);
    } else {
      log_warning(
          "checkpoint",
          "{} does not belong to {}: bands and normalisation are unknown",
          config_path.string(),
          path.filename().string());
    }
  }
  return source;
}

Source read_weights_folder(
    const fs::path& folder, const WeightsOptions& options) {
  const fs::path config_path = folder / kConfigFile;
  NADIR_CHECK(
      fs::exists(config_path),
      "{} is neither a run, nor a checkpoint, nor a weights folder: it has "
      "no checkpoints/, no manifest.json and no config.json",
      folder.string());
  const json file = parse_config(config_path).value("file", json());
  NADIR_CHECK(
      file.is_string() && !fs::path(file.get<std::string>()).has_parent_path(),
      "{} names no weights file beside it (key 'file')",
      config_path.string());
  return read_safetensors_source(folder / file.get<std::string>(), options);
}

// The student or teacher of a full .pth.
const PickleValue& part_of_full(
    const PthFile& file, const std::string& part, const fs::path& path) {
  const PickleValue* value = file.root().find(part);
  NADIR_CHECK(
      value != nullptr,
      "{} has no '{}'; --checkpoint_key takes the other",
      path.string(),
      part);
  return *value;
}

bool is_full(const PthFile& file) {
  return file.root().find("teacher") != nullptr ||
         file.root().find("student") != nullptr;
}

Source read_pth(const fs::path& path, const WeightsOptions& options) {
  PthFile file(path);
  Source source;
  source.name = path.string();
  if (is_full(file)) {
    const std::string part = part_of(options.checkpoint_key);
    source.tensors = file.read_tensors(part_of_full(file, part, path));
    source.name += " (" + part + ")";
    return source;
  }
  refuse_key(options.checkpoint_key, path);
  const PickleValue* state = file.root().find("state_dict");
  NADIR_CHECK(
      state == nullptr || state->find("module.linear.weight") == nullptr,
      "{} holds a linear probe, no backbone",
      path.string());
  const PickleValue* model = file.root().find("model");
  source.tensors = file.read_tensors(
      state != nullptr && !is_tensor(*state)   ? *state
      : model != nullptr && !is_tensor(*model) ? *model
                                               : file.root());
  return source;
}

Source read_source(const WeightsOptions& options) {
  const fs::path& path = options.path;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    fail(ErrorCode::kNotFound, "there are no weights {}", path.string());
  }
  const std::string part = part_of(options.checkpoint_key);
  if (fs::is_directory(path)) {
    const auto folder = checkpoint_folder_of(path);
    return folder ? read_checkpoint(*folder, part)
                  : read_weights_folder(path, options);
  }
  return path.extension() == ".safetensors"
             ? read_safetensors_source(path, options)
             : read_pth(path, options);
}

void apply_changes(
    const WeightsOptions& options,
    model::VitConfig& config,
    TensorMap& tensors,
    KeyReport& report) {
  if (options.in_channels > 0 && options.in_channels != config.in_channels) {
    at::Tensor& weight = tensors.at("patch_embed.proj.weight");
    weight =
        inflate_patch_embedding(weight, options.in_channels, options.inflation);
    report.resized.push_back(fmt::format(
        "patch_embed.proj.weight: {} bands to {}",
        config.in_channels,
        options.in_channels));
    config.in_channels = options.in_channels;
  }
  if (options.image_size > 0 && options.image_size != config.image_size) {
    const int64_t old_size = config.image_size;
    config.image_size = options.image_size;
    const int64_t side = model::position_grid_side(config);
    at::Tensor& positions = tensors.at("pos_embed");
    positions = model::interpolate_position_embedding(positions, side, side)
                    .contiguous();
    report.resized.push_back(fmt::format(
        "pos_embed: from {} px to {} px, a grid of {} x {}",
        old_size,
        config.image_size,
        side,
        side));
  }
}

// Throws unless what config.json says of the shape is what the tensors are.
void check_config(
    const json& said, const model::VitConfig& config, const std::string& name) {
  const json is = weights_config(config, Weights::unknown_info());
  NADIR_CHECK(
      said.value("format_version", json()) == kFormatVersion,
      "{}: its config is of format version {}, not {}",
      name,
      json_text(said.value("format_version", json())),
      kFormatVersion);
  for (const char* key :
       {"architecture", "patch_size", "image_size", "in_channels"}) {
    NADIR_CHECK(
        said.value(key, json()) == is[key],
        "{}: its config says {} = {}, its tensors {}",
        name,
        key,
        json_text(said.value(key, json())),
        json_text(is[key]));
  }
}

}  // namespace

json Weights::unknown_info() {
  json info;
  for (const char* key : kInfoKeys) {
    info[key] = nullptr;
  }
  return info;
}

Weights load_weights(const WeightsOptions& options) {
  const at::NoGradGuard no_grad;
  const Source source = read_source(options);
  Weights weights;
  weights.source = source.name;
  weights.tensors = select_backbone(source.tensors, weights.report);
  for (auto& [name, tensor] : weights.tensors) {
    tensor = tensor.to(at::kFloat).contiguous();
  }
  try {
    fold_dinov2(weights.tensors, weights.report);
    weights.config = infer_config(weights.tensors);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", source.name, error.what()));
  }
  if (source.config.is_object()) {
    check_config(source.config, weights.config, source.name);
    for (const char* key : kInfoKeys) {
      weights.info[key] = source.config.value(key, json());
    }
  }
  apply_changes(options, weights.config, weights.tensors, weights.report);
  if (options.in_channels > 0 && weights.info["bands"].is_array() &&
      weights.info["bands"].size() !=
          static_cast<size_t>(options.in_channels)) {
    weights.info["bands"] = nullptr;  // they are others now
    weights.info["normalization"] = nullptr;
    weights.info["input_mean"] = nullptr;
  }
  match_keys(weights.tensors, backbone_shapes(weights.config), weights.report);
  require_all_matched(weights.report, weights.source);
  return weights;
}

json weights_config(const model::VitConfig& config, const json& info) {
  json result = {
      {"format_version", kFormatVersion},
      {"architecture", config.arch},
      {"patch_size", config.patch_size},
      {"image_size", config.image_size},
      {"in_channels", config.in_channels}};
  for (const char* key : kInfoKeys) {
    result[key] = info.value(key, json());
  }
  return result;
}

void check_not_source(const fs::path& source, const fs::path& out) {
  const auto are_same = [](const fs::path& a, const fs::path& b) {
    std::error_code ignored;  // what is not there is not the same
    return fs::equivalent(a, b, ignored);
  };
  NADIR_CHECK(
      !are_same(source, out) && !are_same(source, out / kTensorsFile) &&
          !are_same(source / kTensorsFile, out),
      "--out {} would replace the weights it is made from; name another file",
      out.string());
}

fs::path save_weights(const fs::path& path, const Weights& weights) {
  const fs::path file =
      path.extension() == ".safetensors" ? path : path / kTensorsFile;
  const fs::path config_path = file.parent_path() / kConfigFile;
  const std::string name = file.filename().string();
  if (fs::exists(config_path)) {
    const json other = parse_config(config_path).value("file", json());
    NADIR_CHECK(
        other == name,
        "{} belongs to other weights ({}); write to another folder",
        config_path.string(),
        json_text(other));
  }
  json config = weights_config(weights.config, weights.info);
  config["file"] = name;
  write_safetensors(file, weights.tensors, {{"format", "pt"}});
  write_file(config_path, json_text(config, 2) + "\n");
  return file;
}

FullCheckpoint load_full_checkpoint(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    fail(ErrorCode::kNotFound, "there is no checkpoint {}", path.string());
  }
  FullCheckpoint full;
  const auto folder =
      fs::is_directory(path) ? checkpoint_folder_of(path) : std::nullopt;
  if (folder) {
    const State state = load_checkpoint(*folder);
    full.student = tensors_below(state.tensors, "student");
    full.teacher = tensors_below(state.tensors, "teacher");
    full.epoch = state.meta.value("epoch", int64_t{0});
    const auto center = state.tensors.find("dino_loss.center");
    if (center != state.tensors.end()) {
      full.center = center->second;
    }
  } else if (fs::is_regular_file(path) && path.extension() != ".safetensors") {
    PthFile file(path);
    if (is_full(file)) {
      for (auto& [name, tensor] :
           file.read_tensors(part_of_full(file, "student", path))) {
        const bool is_wrapped = name.rfind("module.", 0) == 0;
        full.student[is_wrapped ? name.substr(7) : name] = tensor;
      }
      full.teacher = file.read_tensors(part_of_full(file, "teacher", path));
      const PickleValue* epoch = file.root().find("epoch");
      full.epoch = epoch == nullptr ? 0 : epoch->integer;
      const PickleValue* loss = file.root().find("dino_loss");
      const PickleValue* center = loss ? loss->find("center") : nullptr;
      if (center != nullptr) {
        full.center = file.read_tensor(*center);
      }
    }
  }
  NADIR_CHECK(
      !full.student.empty() && !full.teacher.empty() && full.center.defined(),
      "{} is no full checkpoint: student, teacher with their heads and the "
      "loss's centre are needed; give a run, a checkpoint folder or a full "
      ".pth",
      path.string());
  return full;
}

void check_compatible(
    const json& info,
    const std::vector<std::string>& bands,
    const json& normalization) {
  const json own_bands = info.value("bands", json());
  NADIR_CHECK(
      !own_bands.is_array() || bands.empty() || own_bands == json(bands),
      "the weights were trained on the bands {}, the data gives {}; choose "
      "the same with --bands",
      join(own_bands.get<std::vector<std::string>>(), ","),
      join(bands, ","));
  const json own = info.value("normalization", json());
  if (!own.is_object() || !normalization.is_object() || own == normalization) {
    return;
  }
  const auto describe = [](const json& json_of) {
    return json_text(json_of.value("name", json()));
  };
  fail(
      ErrorCode::kInvalidArgument,
      "the weights were trained with the normalisation {}, the data is given "
      "{}{}; leave out --normalization to take the weights' own",
      describe(own),
      describe(normalization),
      describe(own) == describe(normalization)
          ? " with other figures: " + json_text(normalization) +
                " instead of " + json_text(own)
          : "");
}

}  // namespace nadir::checkpoint
