// segment.json and segment.safetensors: docs/formats/segment.md.
#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/version.h"
#include "eval/segment_head.h"

namespace nadir::eval {

namespace {

namespace fs = std::filesystem;

constexpr int kSegmentFormat = 1;
constexpr char kHeadJson[] = "segment.json";
constexpr char kHeadTensors[] = "segment.safetensors";

std::vector<std::string> layer_names(SegmentHeadKind kind) {
  return kind == SegmentHeadKind::kLinear
             ? std::vector<std::string>{"weight", "bias"}
             : std::vector<std::string>{
                   "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"};
}

// segment.json of a head's folder, or of the run it belongs to.
fs::path head_file(const fs::path& path) {
  if (!fs::is_directory(path)) {
    return path;
  }
  if (fs::exists(path / kHeadJson)) {
    return path / kHeadJson;
  }
  std::vector<fs::path> found;
  for (const auto* folder : {"eval/segment/linear", "eval/segment/conv"}) {
    if (fs::exists(path / folder / kHeadJson)) {
      found.push_back(path / folder / kHeadJson);
    }
  }
  NADIR_CHECK(
      found.size() < 2,
      "{} holds two segmentation heads; name one: {} or {}",
      path.string(),
      found[0].parent_path().string(),
      found[1].parent_path().string());
  if (found.empty()) {
    fail(
        ErrorCode::kNotFound,
        "there is no segmentation head in {}; `nadir eval segment` writes one",
        path.string());
  }
  return found[0];
}

SegmentHead head_from_json(const nlohmann::json& json) {
  if (json.at("format").get<int>() != kSegmentFormat) {
    fail(
        ErrorCode::kCorruptData,
        "format {} is not known; this program reads format {}",
        json_text(json.at("format")),
        kSegmentFormat);
  }
  SegmentHead head;
  head.kind = parse_segment_head(json.at("head").get<std::string>());
  for (const auto& entry : json.at("classes")) {
    head.classes.push_back(
        {entry.at("value").get<int64_t>(),
         entry.at("name").get<std::string>(),
         parse_color(entry.at("color").get<std::string>())});
  }
  json.at("num_blocks").get_to(head.num_blocks);
  head.view.normalization =
      data::normalization_from_json(json.at("normalization"));
  json.at("window_px").get_to(head.view.window_px);
  json.at("input_px").get_to(head.view.input_px);
  json.at("learning_rate").get_to(head.learning_rate);
  json.at("weights").get_to(head.weights);
  head.checkpoint_key = json.value("checkpoint_key", "");
  json.at("weights_sha256").get_to(head.weights_sha256);
  return head;
}

bool has_shape(const at::Tensor& tensor, std::vector<int64_t> shape) {
  return tensor.sizes() == at::IntArrayRef(shape) &&
         tensor.scalar_type() == at::kFloat;
}

void check_head_shapes(const SegmentHead& head, const fs::path& path) {
  const auto num_classes = static_cast<int64_t>(head.classes.size());
  const auto& layers = head.layers;
  const int64_t width = head.mean_D.numel();
  bool is_whole = has_shape(head.mean_D, {width}) &&
                  has_shape(head.std_D, {width}) && head.num_blocks > 0 &&
                  head.view.window_px > 0 && head.view.input_px > 0;
  if (head.kind == SegmentHeadKind::kLinear) {
    is_whole = is_whole && has_shape(layers[0], {num_classes, width}) &&
               has_shape(layers[1], {num_classes});
  } else {
    is_whole = is_whole && has_shape(layers[0], {kConvChannels, width, 3, 3}) &&
               has_shape(layers[1], {kConvChannels}) &&
               has_shape(layers[2], {num_classes, kConvChannels, 3, 3}) &&
               has_shape(layers[3], {num_classes});
  }
  if (!is_whole) {
    fail(
        ErrorCode::kCorruptData,
        "{} and its {} disagree in classes or channels",
        path.string(),
        kHeadTensors);
  }
}

}  // namespace

nlohmann::ordered_json segment_head_json(const SegmentHead& head) {
  nlohmann::ordered_json json;
  json["format"] = kSegmentFormat;
  json["head"] = to_text(head.kind);
  json["classes"] = nlohmann::ordered_json::array();
  for (const auto& entry : head.classes) {
    json["classes"].push_back(
        {{"value", entry.value},
         {"name", entry.name},
         {"color", color_text(entry.color)}});
  }
  json["num_blocks"] = head.num_blocks;
  json["normalization"] = data::to_json(head.view.normalization);
  json["window_px"] = head.view.window_px;
  json["input_px"] = head.view.input_px;
  json["learning_rate"] = head.learning_rate;
  json["weights"] = head.weights;
  json["checkpoint_key"] = head.checkpoint_key;
  json["weights_sha256"] = head.weights_sha256;
  json["nadir_version"] = version();
  json["nadir_commit"] = commit();
  return json;
}

void save_segment_head(const SegmentHead& head, const fs::path& folder) {
  make_folder(folder);
  checkpoint::TensorMap tensors = {
      {"token_mean", head.mean_D}, {"token_std", head.std_D}};
  const auto names = layer_names(head.kind);
  for (size_t i = 0; i < names.size(); ++i) {
    tensors[names[i]] = head.layers[i];
  }
  checkpoint::write_safetensors(folder / kHeadTensors, tensors);
  write_file(folder / kHeadJson, json_text(segment_head_json(head), 2) + "\n");
}

SegmentHead load_segment_head(const fs::path& path) {
  const auto json_path = head_file(path);
  const std::string text = read_file(json_path);
  SegmentHead head;
  try {
    head = head_from_json(parse_json(text));
  } catch (const nlohmann::json::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{} is no segmentation head: {}",
        json_path.string(),
        error.what());
  }
  const auto beside = json_path.parent_path() / head.weights;
  if (!head.weights.empty() && beside != head.weights && fs::exists(beside)) {
    head.weights = beside.string();
  }
  const auto file =
      checkpoint::read_safetensors(json_path.parent_path() / kHeadTensors);
  const auto tensor = [&](const std::string& name) {
    const auto at = file.tensors.find(name);
    if (at == file.tensors.end()) {
      fail(
          ErrorCode::kCorruptData,
          "{} beside {} has no tensor '{}'",
          kHeadTensors,
          json_path.string(),
          name);
    }
    return at->second;
  };
  head.mean_D = tensor("token_mean");
  head.std_D = tensor("token_std");
  for (const auto& name : layer_names(head.kind)) {
    head.layers.push_back(tensor(name));
  }
  check_head_shapes(head, json_path);
  return head;
}

}  // namespace nadir::eval
