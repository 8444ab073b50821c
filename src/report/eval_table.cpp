#include "report/eval_table.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "report/html.h"

namespace nadir::report {
namespace {

using Json = nlohmann::json;

double number_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? kNoScore
                                                   : found->get<double>();
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? ""
                                                   : found->get<std::string>();
}

std::pair<double, double> interval_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  const bool is_pair = found != object.end() && found->is_array() &&
                       found->size() == 2 && (*found)[0].is_number() &&
                       (*found)[1].is_number();
  return is_pair
             ? std::pair{(*found)[0].get<double>(), (*found)[1].get<double>()}
             : std::pair{kNoScore, kNoScore};
}

// The array under `key`; an empty one where it is missing or null.
Json list_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_array() ? Json::array() : *found;
}

// "21,000 train, 3,000 test images; selected on validation".
std::string note_of(const Json& json) {
  std::vector<std::string> counts;
  const auto splits = json.find("splits");
  for (const char* split : {"train", "validation", "test"}) {
    if (splits != json.end() && splits->is_object() &&
        number_of(*splits, split) > 0) {
      counts.push_back(format_number(number_of(*splits, split)) + " " + split);
    }
  }
  std::string note = counts.empty() ? "" : join(counts, ", ") + " images";
  for (const auto& [key, text] :
       {std::pair{"data", "of "}, std::pair{"selected_on", "selected on "}}) {
    const std::string value = text_of(json, key);
    if (!value.empty()) {
      note += (note.empty() ? "" : "; ") + (text + value);
    }
  }
  return note;
}

// "Input: normalisation rgb2000, bands B04,B03,B02; centre crop of ...".
std::string input_of(const Json& json) {
  const std::string normalization = text_of(json, "normalization");
  const std::string test_views = text_of(json, "test_views");
  const std::string train_views = text_of(json, "train_views");
  if (normalization.empty() || test_views.empty()) {
    return "";
  }
  std::vector<std::string> bands;
  for (const auto& band : list_of(json, "bands")) {
    bands.push_back(band.get<std::string>());
  }
  return fmt::format(
      "Input: normalisation {}, bands {}; {}{}.",
      normalization,
      join(bands, ","),
      test_views,
      train_views == test_views ? "" : "; for training " + train_views);
}

std::vector<std::vector<double>> matrix_of(const Json& json, const char* key) {
  std::vector<std::vector<double>> matrix;
  for (const auto& line : list_of(json, key)) {
    matrix.push_back(line.get<std::vector<double>>());
  }
  return matrix;
}

std::vector<std::pair<double, double>> pr_curve_of(const Json& json) {
  std::vector<std::pair<double, double>> curve;
  const auto found = json.find("pr_curve");
  if (found == json.end() || !found->is_object()) {
    return curve;
  }
  const auto recall = list_of(*found, "recall");
  const auto precision = list_of(*found, "precision");
  for (size_t i = 0; i < std::min(recall.size(), precision.size()); ++i) {
    curve.emplace_back(recall[i].get<double>(), precision[i].get<double>());
  }
  return curve;
}

EvalRow row_of(const Json& json) {
  EvalRow row;
  row.features = text_of(json, "features");
  row.head = text_of(json, "head");
  row.ap_macro = number_of(json, "ap_macro");
  row.ap_micro = number_of(json, "ap_micro");
  row.accuracy_top1 = number_of(json, "accuracy_top1");
  row.f1_macro = number_of(json, "f1_macro");
  row.ap_macro_ci = interval_of(json, "ap_macro_ci");
  row.ap_micro_ci = interval_of(json, "ap_micro_ci");
  row.accuracy_ci = interval_of(json, "accuracy_top1_ci");
  row.mean_iou = number_of(json, "mean_iou");
  row.pixel_accuracy = number_of(json, "pixel_accuracy");
  row.mean_iou_ci = interval_of(json, "mean_iou_ci");
  row.pixel_accuracy_ci = interval_of(json, "pixel_accuracy_ci");
  for (const auto& score : list_of(json, "per_class")) {
    row.per_class.push_back(
        {text_of(score, "name"),
         number_of(score, "ap"),
         number_of(score, "f1"),
         number_of(score, "recall"),
         number_of(score, "num_positives"),
         number_of(score, "iou"),
         number_of(score, "num_pixels"),
         pr_curve_of(score)});
  }
  row.confusion = matrix_of(json, "confusion");
  return row;
}

}  // namespace

bool EvalRow::is_baseline() const {
  return features == "random weights" || features == "image statistics";
}

std::string EvalRow::label() const {
  return head.empty() ? features : features + ", " + head + " head";
}

std::string EvalTable::title() const {
  const std::string method = kind == "linear"    ? "Linear probe"
                             : kind == "knn"     ? "k-NN"
                             : kind == "segment" ? "Segmentation"
                                                 : kind;
  return task == "multi_label"    ? method + ", several labels an image"
         : task == "single_label" ? method + ", one label an image"
                                  : method;
}

double EvalTable::class_score(
    const EvalRow& row, const std::string& class_name) const {
  for (const auto& score : row.per_class) {
    if (score.name != class_name) {
      continue;
    }
    if (task == "segmentation") {
      return score.iou;
    }
    const bool has_recall =
        task == "single_label" && std::isfinite(score.recall);
    return !has_recall                ? score.ap
           : score.num_positives == 0 ? kNoScore
                                      : score.recall;
  }
  return kNoScore;
}

std::string EvalTable::class_score_name() const {
  return task == "single_label"   ? "recall"
         : task == "segmentation" ? "IoU"
                                  : "AP";
}

std::vector<ClassScore> EvalTable::classes() const {
  const auto longest = std::max_element(
      rows.begin(), rows.end(), [](const EvalRow& a, const EvalRow& b) {
        return a.per_class.size() < b.per_class.size();
      });
  return longest == rows.end() ? std::vector<ClassScore>{} : longest->per_class;
}

const EvalRow* EvalTable::tested() const {
  const auto found =
      std::find_if(rows.rbegin(), rows.rend(), [](const EvalRow& row) {
        return !row.is_baseline();
      });
  return found == rows.rend() ? nullptr : &*found;
}

EvalTable read_eval_table(const std::filesystem::path& path) {
  try {
    const Json json = parse_json(read_file(path));
    EvalTable table;
    table.file = path.filename().string();
    table.kind = text_of(json, "kind");
    table.task = text_of(json, "task");
    table.note = note_of(json);
    table.input = input_of(json);
    for (const auto& row : list_of(json, "rows")) {
      table.rows.push_back(row_of(row));
    }
    return table;
  } catch (const Json::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{} is not an evaluation's result: {}; evaluate again, or remove it",
        path.string(),
        error.what());
  }
}

}  // namespace nadir::report
