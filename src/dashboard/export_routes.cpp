#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "dashboard/export_list.h"
#include "dashboard/image_routes.h"

namespace nadir::dashboard {
namespace {

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

void add_export_route(Router& router, const DataParts& parts) {
  router.add("POST", "/api/export", [&](const Call& call) {
    return export_response(parts, call);
  });
}

}  // namespace nadir::dashboard
