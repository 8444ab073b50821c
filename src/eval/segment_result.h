// What an evaluation of segmentation found, as a struct, as JSON
// (docs/formats/eval.md) and as tables for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "eval/confusion.h"
#include "eval/segment_classes.h"

namespace nadir::eval {

// One head on one set of features.
struct SegmentRow {
  std::string features;  // "random weights", "image statistics", the weights
  std::string head;      // "linear", "conv"
  Confusion confusion = Confusion(0);  // over all test images
  ConfusionIntervals intervals;
  nlohmann::ordered_json details;  // learning_rate, grid, summary, ...
};

struct SegmentEvaluation {
  std::string data;
  std::string masks;
  int64_t num_train = 0;  // images
  int64_t num_validation = 0;
  int64_t num_test = 0;
  std::string train_data;
  std::string test_data;
  std::string selected_on;
  std::vector<MaskClass> classes;
  std::vector<SegmentRow> rows;
  std::string weights;
  std::string weights_source;
  std::string weights_sha256;
  std::string precision;
  std::string normalization;
  std::vector<std::string> bands;
  std::string views;
  std::string test_names_sha256;
};

[[nodiscard]] nlohmann::ordered_json to_json(
    const SegmentEvaluation& evaluation);

// Scores side by side, then IoU by class.
[[nodiscard]] std::string to_text(const SegmentEvaluation& evaluation);

}  // namespace nadir::eval
