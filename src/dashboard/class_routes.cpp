#include <nlohmann/json.hpp>

#include "core/error.h"
#include "dashboard/class_scores.h"
#include "dashboard/image_routes.h"

namespace nadir::dashboard {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kCurvePoints = 500;

const Predictions& predictions_of(const DataParts& parts) {
  if (parts.predictions() == nullptr) {
    fail(
        ErrorCode::kNotFound,
        "there are no predictions; make them with `nadir predict` and start "
        "the dashboard with --predictions");
  }
  return *parts.predictions();
}

Json optional_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json classes_json(const DataParts& parts) {
  const auto& predictions = predictions_of(parts);
  const auto scores = score_classes(predictions);
  Json json;
  json["num_images"] = predictions.ids().size();
  json["source"] = parts.sources().predictions;
  json["ap_macro"] = optional_json(scores.ap_macro);
  json["ap_micro"] = optional_json(scores.ap_micro);
  json["classes"] = Json::array();
  for (const auto& score : scores.classes) {
    json["classes"].push_back(
        {{"name", score.name},
         {"num_positives", score.num_positives},
         {"ap", optional_json(score.ap)},
         {"threshold", optional_json(score.threshold)},
         {"precision", score.precision},
         {"recall", score.recall},
         {"f1", score.f1}});
  }
  json["co_occurrence"] = scores.co_occurrence;
  return json;
}

Json curve_json(const DataParts& parts, const Call& call) {
  const auto& predictions = predictions_of(parts);
  const auto& names = predictions.class_names();
  const auto index = call.id(0, static_cast<int64_t>(names.size()), "class");
  const auto curve = precision_recall(predictions, index, kCurvePoints);
  const auto& scored = predictions.scored();
  Json json;
  json["name"] = names[static_cast<size_t>(index)];
  json["ap"] = optional_json(eval::average_precision(
      scored.class_labels(index), scored.class_scores(index)));
  json["recall"] = curve.recall;
  json["precision"] = curve.precision;
  json["threshold"] = curve.threshold;
  return json;
}

}  // namespace

void add_class_routes(Router& router, const DataParts& parts) {
  router.add("GET", "/api/classes", [&](const Call&) {
    return json_response(classes_json(parts));
  });
  router.add("GET", "/api/classes/*/curve", [&](const Call& call) {
    return json_response(curve_json(parts, call));
  });
}

}  // namespace nadir::dashboard
