// What the network says of images, and how that is written.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "data/normalization.h"

namespace nadir::serve {

// What is served, for clients and for those who make the views.
struct ModelInfo {
  std::string weights;  // where they came from
  std::string weights_sha256;
  std::string precision;
  data::Normalization normalization;  // with the bands in order
  int64_t resize_px = 0;
  int64_t crop_px = 0;
  std::string embedding;  // "cls of 1 block"; empty: not among the outputs
  int64_t embedding_dim = 0;
  std::string task;  // "multi_label", "single_label"; empty without a probe
  std::vector<std::string> class_names;
  std::vector<double> thresholds;  // one a class; empty for single-label
};

[[nodiscard]] nlohmann::ordered_json to_json(const ModelInfo& info);

// Of one image. What is not among the outputs is empty.
struct ModelOutput {
  std::vector<std::string> labels;
  std::vector<float> probabilities;  // one a class
  std::vector<float> embedding;
  bool is_finite = true;
};

enum class AnswerFormat { kJson, kJsonLines, kCsv, kNpy };

[[nodiscard]] const char* content_type(AnswerFormat format);

// The first format of an Accept header that is known; `preferred` where it is
// empty or takes anything; nothing where none is known.
[[nodiscard]] std::optional<AnswerFormat> choose_format(
    const std::string& accept, AnswerFormat preferred);

// The answer's body for images in their order (docs/serving.md). Numbers have
// the fewest digits that give the same float32.
[[nodiscard]] std::string render(
    AnswerFormat format,
    const ModelInfo& info,
    std::span<const ModelOutput> outputs);

}  // namespace nadir::serve
