#include "eval/segment_result.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/text_table.h"
#include "core/version.h"

namespace nadir::eval {

namespace {

using SegmentJson = nlohmann::ordered_json;

SegmentJson number_or_null(const std::optional<double>& value) {
  return value ? SegmentJson(*value) : SegmentJson(nullptr);
}

SegmentJson interval_or_null(const std::optional<Interval>& value) {
  return value ? SegmentJson{value->low, value->high} : SegmentJson(nullptr);
}

std::string score_text(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : "-";
}

std::string interval_text(const std::optional<Interval>& value) {
  return value ? fmt::format("{:.3f}..{:.3f}", value->low, value->high) : "-";
}

SegmentJson segment_row_json(
    const SegmentRow& row, const SegmentEvaluation& evaluation) {
  const auto& confusion = row.confusion;
  SegmentJson json;
  json["features"] = row.features;
  json["head"] = row.head;
  json["mean_iou"] = number_or_null(confusion.mean_iou());
  json["mean_iou_ci"] = interval_or_null(row.intervals.mean_iou);
  json["pixel_accuracy"] = number_or_null(confusion.accuracy());
  json["pixel_accuracy_ci"] = interval_or_null(row.intervals.accuracy);
  if (row.details.is_object()) {
    json.update(row.details);
  }
  json["per_class"] = SegmentJson::array();
  json["confusion"] = SegmentJson::array();
  for (int64_t c = 0; c < confusion.num_classes(); ++c) {
    json["per_class"].push_back(
        {{"name", evaluation.classes[c].name},
         {"iou", number_or_null(confusion.iou(c))},
         {"num_pixels", confusion.support(c)},
         {"precision", confusion.precision(c)},
         {"recall", confusion.recall(c)}});
    auto line = SegmentJson::array();
    for (int64_t p = 0; p < confusion.num_classes(); ++p) {
      line.push_back(confusion.at(c, p));
    }
    json["confusion"].push_back(std::move(line));
  }
  return json;
}

std::string segment_row_name(const SegmentRow& row) {
  return fmt::format("{}, {}", row.features, row.head);
}

std::string segment_score_table(const SegmentEvaluation& evaluation) {
  TextTable table(
      {"features", "head", "mIoU", "95 %", "pixel accuracy", "95 %"});
  for (const auto& row : evaluation.rows) {
    table.add_row(
        {row.features,
         row.head,
         score_text(row.confusion.mean_iou()),
         interval_text(row.intervals.mean_iou),
         score_text(row.confusion.accuracy()),
         interval_text(row.intervals.accuracy)});
  }
  return table.text();
}

std::string segment_class_table(const SegmentEvaluation& evaluation) {
  std::vector<std::string> header = {"IoU by class", "pixels"};
  for (const auto& row : evaluation.rows) {
    header.push_back(segment_row_name(row));
  }
  TextTable table(header);
  for (size_t c = 0; c < evaluation.classes.size(); ++c) {
    const auto index = static_cast<int64_t>(c);
    std::vector<std::string> cells = {
        evaluation.classes[c].name,
        std::to_string(evaluation.rows[0].confusion.support(index))};
    for (const auto& row : evaluation.rows) {
      cells.push_back(score_text(row.confusion.iou(index)));
    }
    table.add_row(cells);
  }
  return table.text();
}

}  // namespace

SegmentJson to_json(const SegmentEvaluation& evaluation) {
  SegmentJson json;
  json["kind"] = "segment";
  json["task"] = "segmentation";
  json["data"] = evaluation.data;
  json["masks"] = evaluation.masks;
  json["splits"] = {
      {"train", evaluation.num_train},
      {"validation", evaluation.num_validation},
      {"test", evaluation.num_test}};
  json["train_data"] = evaluation.train_data;
  json["test_data"] = evaluation.test_data;
  json["selected_on"] = evaluation.selected_on;
  json["classes"] = SegmentJson::array();
  json["colors"] = SegmentJson::array();
  json["values"] = SegmentJson::array();
  for (const auto& entry : evaluation.classes) {
    json["classes"].push_back(entry.name);
    json["colors"].push_back(color_text(entry.color));
    json["values"].push_back(entry.value);
  }
  json["weights"] = evaluation.weights;
  json["weights_source"] = evaluation.weights_source;
  json["weights_sha256"] = evaluation.weights_sha256;
  json["precision"] = evaluation.precision;
  json["normalization"] = evaluation.normalization;
  json["bands"] = evaluation.bands;
  json["train_views"] = evaluation.views;
  json["test_views"] = evaluation.views;
  json["test_names_sha256"] = evaluation.test_names_sha256;
  json["nadir_version"] = version();
  json["nadir_commit"] = commit();
  json["rows"] = SegmentJson::array();
  for (const auto& row : evaluation.rows) {
    json["rows"].push_back(segment_row_json(row, evaluation));
  }
  return json;
}

std::string to_text(const SegmentEvaluation& evaluation) {
  std::string text = fmt::format(
      "Segmentation of {}: {} train, {} validation, {} test images, {}\n\n",
      evaluation.data,
      evaluation.num_train,
      evaluation.num_validation,
      evaluation.num_test,
      evaluation.views);
  text +=
      segment_score_table(evaluation) + "\n" + segment_class_table(evaluation);
  std::vector<std::string> missing;
  for (size_t c = 0; c < evaluation.classes.size(); ++c) {
    const auto& confusion = evaluation.rows[0].confusion;
    if (confusion.support(static_cast<int64_t>(c)) == 0) {
      missing.push_back(evaluation.classes[c].name);
    }
  }
  if (!missing.empty()) {
    text += fmt::format(
        "\nNo test pixel has the class {}: without IoU, and left out of the "
        "mean.\n",
        fmt::join(missing, "; "));
  }
  for (const auto& row : evaluation.rows) {
    if (row.details.contains("summary")) {
      text += fmt::format(
          "\n{}: {}",
          segment_row_name(row),
          row.details["summary"].get<std::string>());
    }
  }
  return text + "\nSelected on: " + evaluation.selected_on + "\n";
}

}  // namespace nadir::eval
