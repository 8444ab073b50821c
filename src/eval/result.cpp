#include "eval/result.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/text_table.h"
#include "core/version.h"

namespace nadir::eval {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kConfidence = 0.95;
constexpr int64_t kCurvePoints = 50;

template <class T>
Json json_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_or_null(const std::optional<Interval>& interval) {
  return interval ? Json{interval->low, interval->high} : Json(nullptr);
}

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : "-";
}

std::string interval(const std::optional<Interval>& value) {
  return value ? fmt::format("{:.3f}..{:.3f}", value->low, value->high) : "-";
}

// 1 at each image's best scored class, else 0.
ScoredLabels best_class_only(const ScoredLabels& scored) {
  ScoredLabels best = scored;
  for (int64_t n = 0; n < scored.num_images; ++n) {
    const auto row = best.scores.begin() + n * scored.num_classes;
    const auto at = std::max_element(row, row + scored.num_classes) - row;
    std::fill(row, row + scored.num_classes, 0.0);
    row[at] = 1;
  }
  return best;
}

// Four decimals: enough to draw.
std::vector<double> rounded(std::vector<double> values) {
  for (double& value : values) {
    value = std::round(value * 1e4) / 1e4;
  }
  return values;
}

Json row_json(const ResultRow& row, const Evaluation& evaluation) {
  Json json;
  json["features"] = row.features;
  json["ap_macro"] = json_or_null(row.ap_macro);
  json["ap_macro_ci"] = json_or_null(row.ap_macro_ci);
  json["ap_micro"] = json_or_null(row.ap_micro);
  json["ap_micro_ci"] = json_or_null(row.ap_micro_ci);
  json["f1_macro"] = row.f1_macro;
  json["f1_micro"] = row.f1_micro;
  json["accuracy_top1"] = json_or_null(row.accuracy_top1);
  json["accuracy_top1_ci"] = json_or_null(row.accuracy_top1_ci);
  json["accuracy_top5"] = json_or_null(row.accuracy_top5);
  if (row.details.is_object()) {
    json.update(row.details);
  }
  json["per_class"] = Json::array();
  for (size_t c = 0; c < row.per_class.size(); ++c) {
    const auto& result = row.per_class[c];
    json["per_class"].push_back(
        {{"name", evaluation.class_names[c]},
         {"ap", json_or_null(result.ap)},
         {"num_positives", result.num_positives},
         {"threshold", json_or_null(result.threshold)},
         {"precision", result.precision},
         {"recall", result.recall},
         {"f1", result.f1},
         {"pr_curve",
          {{"recall", rounded(result.pr_curve.recall)},
           {"precision", rounded(result.pr_curve.precision)}}}});
  }
  const size_t num_classes = row.per_class.size();
  json["confusion"] = Json::array();
  for (size_t c = 0; c < num_classes; ++c) {
    const auto begin =
        row.confusion.begin() + static_cast<int64_t>(c * num_classes);
    json["confusion"].push_back(
        std::vector<int64_t>(begin, begin + static_cast<int64_t>(num_classes)));
  }
  return json;
}

std::string score_table(const Evaluation& evaluation) {
  const bool is_single = evaluation.task == Task::kSingleLabel;
  TextTable table(
      is_single
          ? std::vector<std::string>{"features",  "top-1",    "95 %",
                                     "top-5",     "F1 macro", "AP macro"}
          : std::vector<std::string>{"features", "AP macro", "95 %", "AP micro",
                                     "95 %",     "F1 macro", "F1 micro"});
  for (const auto& row : evaluation.rows) {
    if (is_single) {
      table.add_row(
          {row.features,
           number(row.accuracy_top1),
           interval(row.accuracy_top1_ci),
           number(row.accuracy_top5),
           number(row.f1_macro),
           number(row.ap_macro)});
    } else {
      table.add_row(
          {row.features,
           number(row.ap_macro),
           interval(row.ap_macro_ci),
           number(row.ap_micro),
           interval(row.ap_micro_ci),
           number(row.f1_macro),
           number(row.f1_micro)});
    }
  }
  return table.text();
}

std::string class_table(const Evaluation& evaluation) {
  const bool is_single = evaluation.task == Task::kSingleLabel;
  std::vector<std::string> header = {
      is_single ? "recall by class" : "AP by class", "positives"};
  for (const auto& row : evaluation.rows) {
    header.push_back(row.features);
  }
  TextTable table(header);
  for (size_t c = 0; c < evaluation.class_names.size(); ++c) {
    std::vector<std::string> cells = {
        evaluation.class_names[c],
        std::to_string(evaluation.rows[0].per_class[c].num_positives)};
    for (const auto& row : evaluation.rows) {
      const auto& result = row.per_class[c];
      cells.push_back(
          is_single ? number(
                          result.num_positives > 0
                              ? std::optional<double>(result.recall)
                              : std::nullopt)
                    : number(result.ap));
    }
    table.add_row(cells);
  }
  return table.text();
}

std::string head_line(const Evaluation& evaluation) {
  std::string text = fmt::format(
      "{} on {}: {} train, ",
      evaluation.kind == "knn" ? "k-NN" : "Linear probe",
      evaluation.data,
      evaluation.num_train);
  if (evaluation.num_validation > 0) {
    text += fmt::format("{} validation, ", evaluation.num_validation);
  }
  return text + fmt::format("{} test images\n", evaluation.num_test);
}

}  // namespace

ResultRow make_row(
    const std::string& features,
    Task task,
    const ScoredLabels& scored,
    const std::optional<std::vector<double>>& thresholds,
    int64_t num_resamples,
    uint64_t seed) {
  ResultRow row;
  row.features = features;
  const auto precision = score_average_precision(scored);
  row.ap_macro = precision.macro;
  row.ap_micro = precision.micro;
  const auto intervals =
      bootstrap_average_precision(scored, num_resamples, kConfidence, seed);
  row.ap_macro_ci = intervals.macro;
  row.ap_micro_ci = intervals.micro;
  if (task == Task::kSingleLabel) {
    row.accuracy_top1 = top_k_accuracy(scored, 1);
    row.accuracy_top5 = top_k_accuracy(scored, 5);
    row.accuracy_top1_ci =
        bootstrap_accuracy(scored, num_resamples, kConfidence, seed);
  }
  const auto decided = thresholds ? scored : best_class_only(scored);
  const auto limits =
      thresholds.value_or(std::vector<double>(scored.num_classes, 0.5));
  const auto at_thresholds = score_at_thresholds(decided, limits);
  row.confusion = count_co_occurrences(decided, limits);
  row.f1_macro = at_thresholds.f1_macro;
  row.f1_micro = at_thresholds.f1_micro;
  for (int64_t c = 0; c < scored.num_classes; ++c) {
    const auto& counts = at_thresholds.per_class[c];
    ClassResult result;
    result.ap = precision.per_class[c];
    result.num_positives = precision.num_positives[c];
    if (thresholds) {
      result.threshold = (*thresholds)[c];
    }
    result.precision = counts.precision();
    result.recall = counts.recall();
    result.f1 = counts.f1();
    result.pr_curve = precision_recall_curve(
        scored.class_labels(c), scored.class_scores(c), kCurvePoints);
    row.per_class.push_back(result);
  }
  return row;
}

Json to_json(const Evaluation& evaluation) {
  Json json;
  json["kind"] = evaluation.kind;
  json["task"] = to_text(evaluation.task);
  json["data"] = evaluation.data;
  json["splits"] = {
      {"train", evaluation.num_train},
      {"validation", evaluation.num_validation},
      {"test", evaluation.num_test}};
  json["train_data"] = evaluation.train_data;
  json["test_data"] = evaluation.test_data;
  json["selected_on"] = evaluation.selected_on;
  json["classes"] = evaluation.class_names;
  json["weights"] = evaluation.weights;
  json["weights_source"] = evaluation.weights_source;
  json["weights_sha256"] = evaluation.weights_sha256;
  json["precision"] = evaluation.precision;
  json["normalization"] = evaluation.normalization;
  json["bands"] = evaluation.bands;
  json["train_views"] = evaluation.train_views;
  json["test_views"] = evaluation.test_views;
  json["test_names_sha256"] = evaluation.test_names_sha256;
  json["nadir_version"] = version();
  json["nadir_commit"] = commit();
  json["rows"] = Json::array();
  for (const auto& row : evaluation.rows) {
    json["rows"].push_back(row_json(row, evaluation));
  }
  return json;
}

std::string to_text(const Evaluation& evaluation) {
  std::string text = head_line(evaluation) + "\n" + score_table(evaluation) +
                     "\n" + class_table(evaluation);
  std::vector<std::string> missing;
  const auto& classes = evaluation.rows[0].per_class;
  for (size_t c = 0; c < classes.size(); ++c) {
    if (classes[c].num_positives == 0) {
      missing.push_back(evaluation.class_names[c]);
    }
  }
  if (!missing.empty()) {
    text += fmt::format(
        "\nNo test image carries {}: without AP, and left out of macro "
        "figures.\n",
        fmt::join(missing, "; "));
  }
  for (const auto& row : evaluation.rows) {
    if (row.details.contains("summary")) {
      text += fmt::format(
          "\n{}: {}", row.features, row.details["summary"].get<std::string>());
    }
  }
  return text + "\nSelected on: " + evaluation.selected_on + "\n";
}

}  // namespace nadir::eval
