#include "dashboard/run_json.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "report/summary.h"
#include "report/verdict.h"

namespace nadir::dashboard {
namespace {

using Json = nlohmann::ordered_json;

// At the speed so far.
double time_left_s(const report::Run& run, const report::RunSummary& summary) {
  if (summary.state != "running" || !run.status || run.status->step <= 0) {
    return report::kNoScore;
  }
  const auto step = static_cast<double>(run.status->step);
  const auto left = static_cast<double>(run.status->total_steps) - step;
  return left * summary.time_s / step;
}

Json tables_json(const std::vector<report::EvalTable>& tables) {
  auto json = Json::array();
  for (const auto& table : tables) {
    auto rows = Json::array();
    for (const auto& row : table.rows) {
      auto classes = Json::array();
      for (const auto& score : row.per_class) {
        classes.push_back(
            {{"name", score.name},
             {"ap", number_json(score.ap)},
             {"f1", number_json(score.f1)},
             {"recall", number_json(score.recall)},
             {"num_positives", number_json(score.num_positives)}});
      }
      rows.push_back(
          {{"features", row.features},
           {"is_baseline", row.is_baseline()},
           {"ap_macro", number_json(row.ap_macro)},
           {"ap_micro", number_json(row.ap_micro)},
           {"accuracy", number_json(row.accuracy_top1)},
           {"per_class", std::move(classes)}});
    }
    json.push_back(
        {{"file", table.file},
         {"kind", table.kind},
         {"task", table.task},
         {"data", table.note},
         {"input", table.input},
         {"rows", std::move(rows)}});
  }
  return json;
}

}  // namespace

Json number_json(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json summary_json(
    const report::Run& run, int64_t id, const std::string& shown_path) {
  const auto summary = report::summarise(run);
  const bool has_status = run.status.has_value();
  Json json;
  json["id"] = id;
  json["name"] = run.name;
  json["path"] = shown_path;
  json["state"] = summary.state;
  json["step"] = number_json(summary.steps);
  json["total_steps"] = has_status ? Json(run.status->total_steps) : Json();
  json["epoch"] = number_json(summary.epochs);
  json["message"] = has_status ? run.status->message : "";
  json["updated"] = has_status ? Json(run.status->updated) : Json();
  json["time_s"] = number_json(summary.time_s);
  json["time_left_s"] = number_json(time_left_s(run, summary));
  json["first_loss"] = number_json(summary.first_loss);
  json["last_loss"] = number_json(summary.last_loss);
  json["images_per_s"] = number_json(summary.images_per_s);
  json["entropy_share"] = number_json(summary.entropy_share);
  json["best_knn"] = number_json(summary.best_knn);
  json["best_knn_epoch"] = number_json(summary.best_knn_epoch);
  json["ap_macro"] = number_json(summary.ap_macro);
  json["ap_micro"] = number_json(summary.ap_micro);
  json["accuracy"] = number_json(summary.accuracy);
  json["scored_by"] = summary.scored_by;
  json["log_num_prototypes"] = number_json(run.log_num_prototypes());
  json["verdict"] = {
      {"health", report::to_text(summary.verdict.health)},
      {"headline", summary.verdict.headline},
      {"text", summary.verdict.text}};
  json["num_rows"] = run.num_records;
  json["num_damaged"] = run.num_damaged;
  return json;
}

Json details_json(
    const report::Run& run, int64_t id, const std::string& shown_path) {
  auto json = summary_json(run, id, shown_path);
  json["config"] = run.config;
  json["provenance"] = run.provenance;
  json["events"] = Json::array();
  for (const auto& event : run.events) {
    json["events"].push_back(
        {{"step", event.step}, {"kind", event.kind}, {"text", event.text}});
  }
  json["tables"] = tables_json(run.tables);
  json["pictures"] = Json::array();
  for (const auto& picture : run.pictures) {
    json["pictures"].push_back(picture.name);
  }
  return json;
}

Json to_json(const CurveSample& sample) {
  Json json;
  json["exact"] = sample.is_exact;
  json["count"] = sample.count;
  json["not_finite"] = sample.num_not_finite;
  json["x"] = sample.x;
  json["mean"] = sample.mean;
  if (!sample.is_exact) {
    json["min"] = sample.min;
    json["max"] = sample.max;
  }
  return json;
}

}  // namespace nadir::dashboard
