// What an evaluation found, as a struct, as JSON (docs/formats/eval.md) and as
// tables for people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "eval/metrics.h"
#include "eval/task.h"

namespace nadir::eval {

struct ClassResult {
  std::optional<double> ap;  // nothing without positives
  int64_t num_positives = 0;
  std::optional<double> threshold;  // nothing where the best class is taken
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  PrecisionRecall pr_curve;
};

// One set of features: "random weights", "image statistics", or the weights.
struct ResultRow {
  std::string features;
  std::optional<double> ap_macro;
  std::optional<double> ap_micro;
  std::optional<Interval> ap_macro_ci;
  std::optional<Interval> ap_micro_ci;
  double f1_macro = 0;
  double f1_micro = 0;
  std::optional<double> accuracy_top1;  // single-label only, as are these
  std::optional<double> accuracy_top5;
  std::optional<Interval> accuracy_top1_ci;
  std::vector<ClassResult> per_class;
  std::vector<int64_t> confusion;  // count_co_occurrences()
  nlohmann::ordered_json details;  // learning_rate, blocks, ...; k, by_k
};

struct Evaluation {
  std::string kind;  // "knn", "linear"
  Task task = Task::kMultiLabel;
  std::string data;
  int64_t num_train = 0;
  int64_t num_validation = 0;
  int64_t num_test = 0;
  std::string train_data;
  std::string test_data;
  std::string selected_on;
  std::vector<std::string> class_names;
  std::vector<ResultRow> rows;
  std::string weights;
  std::string weights_source;  // the file or checkpoint behind `weights`
  std::string weights_sha256;
  std::string precision;
  std::string normalization;
  std::vector<std::string> bands;
  std::string train_views;
  std::string test_views;
  std::string test_names_sha256;  // of the scored images, in order
};

// Scores of `scored` at `thresholds`; without thresholds the best scored class
// is the prediction. Intervals hold 95 %.
[[nodiscard]] ResultRow make_row(
    const std::string& features,
    Task task,
    const ScoredLabels& scored,
    const std::optional<std::vector<double>>& thresholds,
    int64_t num_resamples,
    uint64_t seed);

[[nodiscard]] nlohmann::ordered_json to_json(const Evaluation& evaluation);

// Scores side by side, then AP (or recall, for single labels) by class.
[[nodiscard]] std::string to_text(const Evaluation& evaluation);

}  // namespace nadir::eval
