#include "dashboard/map_routes.h"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "dashboard/export_list.h"

namespace nadir::dashboard {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kDefaultFootprints = 2000;
constexpr int64_t kMaxFootprints = 20'000;

struct Bounds {
  double west = 0;
  double south = 0;
  double east = 0;
  double north = 0;
};

Bounds bounds_of(const eval::Ring& ring) {
  Bounds bounds = {180, 90, -180, -90};
  for (const auto& [longitude, latitude] : ring) {
    bounds.west = std::min(bounds.west, longitude);
    bounds.east = std::max(bounds.east, longitude);
    bounds.south = std::min(bounds.south, latitude);
    bounds.north = std::max(bounds.north, latitude);
  }
  return bounds;
}

// Longitude and latitude of the middle of each footprint.
std::vector<float> middles(const Catalog& catalog) {
  std::vector<float> points;
  for (const auto& ring : catalog.footprints()) {
    constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
    const auto bounds = ring ? bounds_of(*ring) : Bounds();
    points.push_back(
        ring ? static_cast<float>((bounds.west + bounds.east) / 2) : kUnknown);
    points.push_back(
        ring ? static_cast<float>((bounds.south + bounds.north) / 2)
             : kUnknown);
  }
  return points;
}

Json footprints_json(const Catalog& catalog, const Query& query) {
  const Bounds wanted = {
      query.number("west", -180),
      query.number("south", -90),
      query.number("east", 180),
      query.number("north", 90)};
  const auto limit =
      query.integer("limit", kDefaultFootprints, 0, kMaxFootprints);
  int64_t total = 0;
  auto images = Json::array();
  const auto& rings = catalog.footprints();
  for (size_t id = 0; id < rings.size(); ++id) {
    if (!rings[id]) {
      continue;
    }
    const auto bounds = bounds_of(*rings[id]);
    if (bounds.east < wanted.west || bounds.west > wanted.east ||
        bounds.north < wanted.south || bounds.south > wanted.north) {
      continue;
    }
    if (++total <= limit) {
      images.push_back(
          {{"id", id},
           {"name", catalog.dataset().name(static_cast<int64_t>(id))},
           {"ring", *rings[id]}});
    }
  }
  Json json;
  json["total"] = total;
  json["images"] = std::move(images);
  return json;
}

http::Response export_response(const DataParts& parts, const Call& call) {
  const auto body = parse_json_or_discard(call.request.body);
  NADIR_CHECK(
      body.is_object() && body.contains("ids") && body["ids"].is_array() &&
          body.contains("format") && body["format"].is_string(),
      "the body must be JSON: {{\"ids\": [1, 2], \"format\": \"geojson\"}}");
  std::vector<int64_t> ids;
  for (const auto& id : body["ids"]) {
    NADIR_CHECK(
        id.is_number_integer() && id.get<int64_t>() >= 0 &&
            id.get<int64_t>() < parts.catalog().size(),
        "ids must be whole numbers below {}",
        parts.catalog().size());
    ids.push_back(id.get<int64_t>());
  }
  const auto file = export_list(parts, ids, body["format"].get<std::string>());
  http::Response response;
  response.content_type = file.content_type;
  response.headers.emplace_back(
      "Content-Disposition", "attachment; filename=\"" + file.name + "\"");
  response.body = file.text;
  return response;
}

}  // namespace

void add_map_routes(Router& router, const DataParts& parts) {
  const auto& catalog = parts.catalog();
  router.add("GET", "/api/map/points", [&](const Call&) {
    return numbers_response(middles(catalog));
  });
  router.add("GET", "/api/map/codes", [&](const Call& call) {
    if (call.query.text("by") == "error" && parts.predictions() != nullptr) {
      std::vector<float> errors;
      for (int64_t id = 0; id < catalog.size(); ++id) {
        errors.push_back(parts.predictions()->error_of_id(id));
      }
      return numbers_response(errors);
    }
    return numbers_response(catalog.colouring(call.query.text("by")).codes);
  });
  router.add("GET", "/api/map/footprints", [&](const Call& call) {
    return json_response(footprints_json(catalog, call.query));
  });
  router.add("POST", "/api/export", [&](const Call& call) {
    return export_response(parts, call);
  });
}

}  // namespace nadir::dashboard
