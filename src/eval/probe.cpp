#include "eval/probe.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/version.h"

namespace nadir::eval {

namespace {

constexpr int kFormat = 1;

}  // namespace

nlohmann::ordered_json probe_json(const Probe& probe) {
  nlohmann::ordered_json json;
  json["format"] = kFormat;
  json["task"] = to_text(probe.task);
  json["classes"] = probe.class_names;
  json["thresholds"] = probe.thresholds;
  json["features"] = {
      {"name", probe.head.columns.name},
      {"begin", probe.head.columns.begin},
      {"width", probe.head.columns.width},
      {"num_blocks", probe.layout.num_blocks},
      {"dim", probe.layout.dim}};
  json["learning_rate"] = probe.head.learning_rate;
  json["normalization"] = data::to_json(probe.views.normalization);
  json["resize_px"] = probe.views.resize_px;
  json["crop_px"] = probe.views.crop_px;
  json["weights"] = probe.weights;
  json["checkpoint_key"] = probe.checkpoint_key;
  json["weights_sha256"] = probe.weights_sha256;
  json["nadir_version"] = version();
  json["nadir_commit"] = commit();
  return json;
}

namespace {

// probe.json of a probe's folder, or of the run it belongs to.
std::filesystem::path probe_file(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) {
    return path;
  }
  for (const auto* folder : {"", "eval/linear"}) {
    const auto file = path / folder / "probe.json";
    if (std::filesystem::exists(file)) {
      return file;
    }
  }
  fail(
      ErrorCode::kNotFound,
      "there is no probe in {}; `nadir eval linear` writes one",
      path.string());
}

Probe probe_from_json(const nlohmann::json& json) {
  if (json.at("format").get<int>() != kFormat) {
    fail(
        ErrorCode::kCorruptData,
        "format {} is not known; this program reads format {}",
        json_text(json.at("format")),
        kFormat);
  }
  Probe probe;
  const auto task = json.at("task").get<std::string>();
  probe.task = task == to_text(Task::kSingleLabel) ? Task::kSingleLabel
                                                   : Task::kMultiLabel;
  json.at("classes").get_to(probe.class_names);
  json.at("thresholds").get_to(probe.thresholds);
  const auto& features = json.at("features");
  features.at("name").get_to(probe.head.columns.name);
  features.at("begin").get_to(probe.head.columns.begin);
  features.at("width").get_to(probe.head.columns.width);
  features.at("num_blocks").get_to(probe.layout.num_blocks);
  features.at("dim").get_to(probe.layout.dim);
  const auto& columns = probe.head.columns;
  probe.layout.has_mean = columns.begin + columns.width >
                          probe.layout.num_blocks * probe.layout.dim;
  json.at("learning_rate").get_to(probe.head.learning_rate);
  probe.views.normalization =
      data::normalization_from_json(json.at("normalization"));
  json.at("resize_px").get_to(probe.views.resize_px);
  json.at("crop_px").get_to(probe.views.crop_px);
  json.at("weights").get_to(probe.weights);
  probe.checkpoint_key = json.value("checkpoint_key", "");
  json.at("weights_sha256").get_to(probe.weights_sha256);
  return probe;
}

void check_shapes(const Probe& probe, const std::filesystem::path& path) {
  const auto num_classes = static_cast<int64_t>(probe.class_names.size());
  const auto& columns = probe.head.columns;
  const bool is_whole =
      probe.head.weight_CF.sizes() ==
          at::IntArrayRef({num_classes, columns.width}) &&
      probe.head.bias_C.sizes() == at::IntArrayRef({num_classes}) &&
      columns.begin >= 0 &&
      columns.begin + columns.width <= probe.layout.width() &&
      (probe.thresholds.empty() ||
       static_cast<int64_t>(probe.thresholds.size()) == num_classes);
  if (!is_whole) {
    fail(
        ErrorCode::kCorruptData,
        "{} and its probe.safetensors disagree in classes or feature columns",
        path.string());
  }
}

}  // namespace

void save_probe(const Probe& probe, const std::filesystem::path& folder) {
  make_folder(folder);
  checkpoint::write_safetensors(
      folder / "probe.safetensors",
      {{"weight", probe.head.weight_CF}, {"bias", probe.head.bias_C}});
  write_file(folder / "probe.json", json_text(probe_json(probe), 2) + "\n");
}

Probe load_probe(const std::filesystem::path& path) {
  const auto json_path = probe_file(path);
  const std::string text = read_file(json_path);
  Probe probe;
  try {
    probe = probe_from_json(parse_json(text));
  } catch (const nlohmann::json::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{} is no probe: {}",
        json_path.string(),
        error.what());
  }
  // In a folder that holds the network too (docs/formats/probe.md).
  const auto beside = json_path.parent_path() / probe.weights;
  if (!probe.weights.empty() && beside != probe.weights &&
      std::filesystem::exists(beside)) {
    probe.weights = beside.string();
  }
  const auto file = checkpoint::read_safetensors(
      json_path.parent_path() / "probe.safetensors");
  const auto tensor = [&](const char* name) {
    const auto at = file.tensors.find(name);
    if (at == file.tensors.end()) {
      fail(
          ErrorCode::kCorruptData,
          "probe.safetensors beside {} has no tensor '{}'",
          json_path.string(),
          name);
    }
    return at->second;
  };
  probe.head.weight_CF = tensor("weight");
  probe.head.bias_C = tensor("bias");
  check_shapes(probe, json_path);
  return probe;
}

}  // namespace nadir::eval
