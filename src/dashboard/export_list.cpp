#include "dashboard/export_list.h"

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/error.h"
#include "core/json.h"

namespace nadir::dashboard {
namespace {

using Json = nlohmann::ordered_json;

// As RFC 4180 has it, and no spreadsheet takes it for a formula.
std::string csv_cell(const std::string& text) {
  std::string cell = "\"";
  if (!text.empty() &&
      std::string("=+-@\t\r").find(text[0]) != std::string::npos) {
    cell += '\'';
  }
  for (const char letter : text) {
    cell += letter;
    cell += letter == '"' ? "\"" : "";
  }
  return cell + "\"";
}

std::vector<std::string> texts_of(const Json& list) {
  std::vector<std::string> texts;
  if (list.is_array()) {
    for (const auto& text : list) {
      texts.push_back(text.get<std::string>());
    }
  }
  return texts;
}

std::string csv_of(const DataParts& parts, const std::vector<int64_t>& ids) {
  std::string text = "name,labels,predicted,error\n";
  for (const int64_t id : ids) {
    const auto image = parts.gallery().image(id);
    text += csv_cell(image["name"].get<std::string>()) + "," +
            csv_cell(join(texts_of(image["labels"]), "; ")) + "," +
            csv_cell(join(texts_of(image["predicted"]), "; ")) + "," +
            (image["error"].is_null() ? "" : json_text(image["error"])) + "\n";
  }
  return text;
}

std::string geojson_of(
    const DataParts& parts, const std::vector<int64_t>& ids) {
  auto features = Json::array();
  for (const int64_t id : ids) {
    const auto& rings = parts.catalog().footprints();
    const auto& ring = rings.at(static_cast<size_t>(id));
    NADIR_CHECK(
        ring.has_value(),
        "GeoJSON needs footprints, and {} has none; take csv or names",
        parts.catalog().dataset().name(id));
    auto properties = parts.gallery().image(id);
    properties.erase("id");
    features.push_back(
        {{"type", "Feature"},
         {"properties", std::move(properties)},
         {"geometry",
          {{"type", "Polygon"}, {"coordinates", Json::array({*ring})}}}});
  }
  const Json collection = {
      {"type", "FeatureCollection"}, {"features", features}};
  return json_text(collection) + "\n";
}

std::string names_of(const DataParts& parts, const std::vector<int64_t>& ids) {
  std::string text;
  for (const int64_t id : ids) {
    text += parts.catalog().dataset().name(id) + "\n";
  }
  return text;
}

}  // namespace

ExportedFile export_list(
    const DataParts& parts,
    const std::vector<int64_t>& ids,
    const std::string& format) {
  if (format == "geojson") {
    return {"images.geojson", "application/geo+json", geojson_of(parts, ids)};
  }
  if (format == "csv") {
    return {"images.csv", "text/csv; charset=utf-8", csv_of(parts, ids)};
  }
  NADIR_CHECK(
      format == "names",
      "formats are geojson, csv and names, got '{}'",
      format);
  return {"images.txt", "text/plain; charset=utf-8", names_of(parts, ids)};
}

}  // namespace nadir::dashboard
