#include "report/summary.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/text_table.h"
#include "report/html.h"

namespace nadir::report {
namespace {

double tail_of(const Run& run, const char* key) {
  const Curve* curve = run.curve(key);
  return curve == nullptr || curve->empty() ? kNoScore : curve->tail_mean();
}

double last_of(const Run& run, const char* key) {
  const Curve* curve = run.curve(key);
  return curve == nullptr ? kNoScore : curve->last();
}

void add_scores(const Run& run, RunSummary& summary) {
  // read_run() puts linear probes first.
  for (const auto& table : run.tables) {
    const EvalRow* row = table.tested();
    if (row == nullptr || table.kind == "segment") {
      continue;  // scores of pixels are none of images
    }
    if (summary.scored_by.empty()) {
      summary.scored_by = table.kind == "linear" ? "linear probe"
                          : table.kind == "knn"  ? "k-NN"
                                                 : table.kind;
    }
    const auto fill = [](double& into, double value) {
      into = std::isnan(into) ? value : into;
    };
    fill(summary.ap_macro, row->ap_macro);
    fill(summary.ap_micro, row->ap_micro);
    fill(summary.accuracy, row->accuracy_top1);
  }
}

bool is_output_key(const std::string& key) {
  static const std::set<std::string> outputs = {
      "out", "output_dir", "checkpoint_dir"};
  const size_t dot = key.rfind('.');
  return outputs.contains(dot == std::string::npos ? key : key.substr(dot + 1));
}

// "none" makes long tables hard to read.
std::string cell(const std::string& text) {
  return text == "none" ? "-" : text;
}

// NaN as null; other numbers as they are.
nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value)
                              : nlohmann::ordered_json(nullptr);
}

nlohmann::ordered_json table_json(const EvalTable& table) {
  nlohmann::ordered_json json;
  json["file"] = table.file;
  json["kind"] = table.kind;
  json["task"] = table.task;
  json["rows"] = nlohmann::ordered_json::array();
  for (const auto& row : table.rows) {
    json["rows"].push_back(
        {{"features", row.features},
         {"ap_macro", number(row.ap_macro)},
         {"ap_micro", number(row.ap_micro)},
         {"accuracy_top1", number(row.accuracy_top1)}});
    if (table.kind == "segment") {
      json["rows"].back()["head"] = row.head;
      json["rows"].back()["mean_iou"] = number(row.mean_iou);
      json["rows"].back()["pixel_accuracy"] = number(row.pixel_accuracy);
    }
  }
  return json;
}

}  // namespace

RunSummary summarise(const Run& run) {
  RunSummary summary;
  summary.name = run.name;
  summary.state = run.state();
  summary.steps = run.status ? static_cast<double>(run.status->step) : kNoScore;
  summary.epochs = last_of(run, "epoch");
  summary.time_s = last_of(run, "time_s");
  if (const Curve* loss = run.curve("loss");
      loss != nullptr && !loss->empty()) {
    summary.first_loss = loss->head_mean();
    summary.last_loss = loss->tail_mean();
    summary.steps = std::isnan(summary.steps) ? loss->last_x() : summary.steps;
  }
  summary.entropy_share =
      tail_of(run, "teacher_entropy") / run.log_num_prototypes();
  if (const Curve* speed = run.curve("images_per_s");
      speed != nullptr && !speed->empty()) {
    double sum = 0;
    const auto points = speed->points();
    for (const auto& point : points) {
      sum += point.mean;
    }
    summary.images_per_s = sum / static_cast<double>(points.size());
  }
  if (const auto score = eval_curve(run)) {
    summary.best_knn = score->by_epoch->max();
    summary.best_knn_epoch = score->by_epoch->max_x();
  }
  add_scores(run, summary);
  summary.verdict = judge(run);
  return summary;
}

std::vector<ConfigDifference> config_differences(const std::vector<Run>& runs) {
  std::set<std::string> keys;
  for (const auto& run : runs) {
    for (const auto& [key, value] : run.config) {
      keys.insert(key);
    }
  }
  std::vector<ConfigDifference> differences;
  for (const auto& key : keys) {
    ConfigDifference difference{key, {}};
    for (const auto& run : runs) {
      const auto found = run.config.find(key);
      difference.values.push_back(
          found == run.config.end() ? "" : found->second);
    }
    const bool is_same = std::all_of(
        difference.values.begin(),
        difference.values.end(),
        [&](const std::string& value) {
          return value == difference.values.front();
        });
    if (!is_same && !is_output_key(key)) {
      differences.push_back(std::move(difference));
    }
  }
  return differences;
}

std::string text_summary(const std::vector<Run>& runs) {
  TextTable table(
      {"run",
       "state",
       "steps",
       "epochs",
       "loss",
       "H/ln K",
       "best k-NN",
       "AP macro",
       "AP micro",
       "accuracy",
       "images/s"});
  std::string verdicts;
  for (const auto& run : runs) {
    const RunSummary summary = summarise(run);
    table.add_row(
        {summary.name,
         summary.state,
         cell(format_number(summary.steps)),
         cell(format_number(summary.epochs)),
         cell(format_number(summary.last_loss)),
         cell(format_percent(summary.entropy_share)),
         cell(format_percent(summary.best_knn)),
         cell(format_percent(summary.ap_macro)),
         cell(format_percent(summary.ap_micro)),
         cell(format_percent(summary.accuracy)),
         cell(format_number(summary.images_per_s))});
    verdicts += fmt::format(
        "{}: {}. {}\n",
        summary.name,
        summary.verdict.headline,
        summary.verdict.text);
  }
  return table.text() + "\n" + verdicts;
}

nlohmann::ordered_json json_summary(const std::vector<Run>& runs) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& run : runs) {
    const RunSummary summary = summarise(run);
    nlohmann::ordered_json json;
    json["name"] = summary.name;
    json["path"] = run.path.string();
    json["state"] = summary.state;
    json["health"] = to_text(summary.verdict.health);
    json["verdict"] = summary.verdict.headline;
    json["verdict_text"] = summary.verdict.text;
    json["steps"] = number(summary.steps);
    json["epochs"] = number(summary.epochs);
    json["time_s"] = number(summary.time_s);
    json["first_loss"] = number(summary.first_loss);
    json["last_loss"] = number(summary.last_loss);
    json["entropy_share"] = number(summary.entropy_share);
    json["best_knn"] = number(summary.best_knn);
    json["best_knn_epoch"] = number(summary.best_knn_epoch);
    json["ap_macro"] = number(summary.ap_macro);
    json["ap_micro"] = number(summary.ap_micro);
    json["accuracy_top1"] = number(summary.accuracy);
    json["images_per_s"] = number(summary.images_per_s);
    json["num_damaged_lines"] = run.num_damaged;
    json["evaluations"] = nlohmann::ordered_json::array();
    for (const auto& table : run.tables) {
      json["evaluations"].push_back(table_json(table));
    }
    list.push_back(std::move(json));
  }
  return {{"runs", std::move(list)}};
}

}  // namespace nadir::report
