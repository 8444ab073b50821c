#include "dashboard/atlas_routes.h"

#include <limits>

#include <nlohmann/json.hpp>

namespace nadir::dashboard {
namespace {

using Json = nlohmann::ordered_json;

// The catalog's image of each embedding, -1 where there is none.
std::vector<int32_t> ids_of(const DataParts& parts) {
  const auto& embeddings = *parts.embeddings();
  std::vector<int32_t> ids;
  for (int64_t row = 0; row < embeddings.size(); ++row) {
    ids.push_back(static_cast<int32_t>(
        parts.catalog().find(embeddings.name(row)).value_or(-1)));
  }
  return ids;
}

std::vector<uint8_t> codes_by_row(
    const DataParts& parts, const std::string& by) {
  constexpr uint8_t kNone = 255;
  const auto& colouring = parts.catalog().colouring(by);
  std::vector<uint8_t> codes;
  for (const int32_t id : ids_of(parts)) {
    codes.push_back(id < 0 ? kNone : colouring.codes[static_cast<size_t>(id)]);
  }
  return codes;
}

std::vector<float> errors_by_row(const DataParts& parts) {
  const auto* predictions = parts.predictions();
  std::vector<float> errors;
  for (const int32_t id : ids_of(parts)) {
    errors.push_back(
        predictions == nullptr || id < 0
            ? std::numeric_limits<float>::quiet_NaN()
            : predictions->error_of_id(id));
  }
  return errors;
}

Json atlas_json(const DataParts& parts, const Projections& projections) {
  Json json;
  json["num_points"] = parts.embeddings()->size();
  json["methods"] = projections.states();
  json["colourings"] = Json::array();
  for (const char* by : {"class", "country", "season", "split"}) {
    const auto& values = parts.catalog().colouring(by).values;
    if (!values.empty()) {
      json["colourings"].push_back({{"name", by}, {"values", values}});
    }
  }
  if (parts.predictions() != nullptr) {
    json["colourings"].push_back(
        {{"name", "error"}, {"values", nullptr}, {"range", {0, 1}}});
  }
  return json;
}

}  // namespace

void add_atlas_routes(
    Router& router, const DataParts& parts, Projections& projections) {
  router.add("GET", "/api/atlas", [&](const Call&) {
    return json_response(atlas_json(parts, projections));
  });
  router.add("GET", "/api/atlas/points", [&](const Call& call) {
    return numbers_response(
        projections.places(call.query.get("method").value_or("pca")));
  });
  router.add("GET", "/api/atlas/ids", [&](const Call&) {
    return numbers_response(ids_of(parts));
  });
  router.add("GET", "/api/atlas/codes", [&](const Call& call) {
    const auto by = call.query.text("by");
    return by == "error" ? numbers_response(errors_by_row(parts))
                         : numbers_response(codes_by_row(parts, by));
  });
  router.add("POST", "/api/atlas/umap", [&](const Call&) {
    projections.start_umap();
    auto response = json_response(Json::object());
    response.status = 202;
    return response;
  });
}

}  // namespace nadir::dashboard
