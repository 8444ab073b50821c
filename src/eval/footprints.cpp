#include "eval/footprints.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "raster/projection.h"

namespace nadir::eval {

namespace {

constexpr uint32_t kPolygon = 3;

// Reads numbers of either byte order and never beyond the end.
class WkbReader {
 public:
  explicit WkbReader(const std::string& bytes) : bytes_(bytes) {
    is_little_ = take<uint8_t>() == 1;
  }

  template <class T>
  T take() {
    if (bytes_.size() - at_ < sizeof(T)) {
      fail(ErrorCode::kCorruptData, "a WKB footprint is cut short");
    }
    std::array<char, sizeof(T)> raw{};
    std::memcpy(raw.data(), bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    const bool is_native_little = std::endian::native == std::endian::little;
    if (sizeof(T) > 1 && is_little_ != is_native_little) {
      std::reverse(raw.begin(), raw.end());
    }
    return std::bit_cast<T>(raw);
  }

  [[nodiscard]] size_t left() const { return bytes_.size() - at_; }

 private:
  const std::string& bytes_;
  size_t at_ = 0;
  bool is_little_ = true;
};

}  // namespace

Ring read_wkb_ring(const std::string& wkb) {
  WkbReader reader(wkb);
  if (reader.take<uint32_t>() != kPolygon || reader.take<uint32_t>() < 1) {
    fail(ErrorCode::kCorruptData, "a footprint is no WKB polygon");
  }
  const auto num_points = reader.take<uint32_t>();
  if (num_points > reader.left() / 16) {
    fail(ErrorCode::kCorruptData, "a WKB footprint is cut short");
  }
  Ring ring(num_points);
  for (auto& point : ring) {
    point[0] = reader.take<double>();
    point[1] = reader.take<double>();
  }
  return ring;
}

std::vector<std::optional<Ring>> lon_lat_rings(
    const std::vector<std::string>& wkbs, const std::string& crs) {
  std::vector<std::optional<Ring>> rings(wkbs.size());
  if (crs.empty()) {
    return rings;
  }
  const raster::Transformer transformer(crs, "EPSG:4326");
  for (size_t i = 0; i < wkbs.size(); ++i) {
    if (wkbs[i].empty()) {
      continue;
    }
    Ring ring = read_wkb_ring(wkbs[i]);
    std::vector<double> x;
    std::vector<double> y;
    for (const auto& point : ring) {
      x.push_back(point[0]);
      y.push_back(point[1]);
    }
    if (!transformer.transform(x, y)) {
      continue;
    }
    for (size_t p = 0; p < ring.size(); ++p) {
      ring[p] = {x[p], y[p]};
    }
    rings[i] = std::move(ring);
  }
  return rings;
}

std::vector<std::optional<Ring>> lon_lat_rings(
    const data::Dataset& dataset, const std::vector<int64_t>& indices) {
  std::vector<std::string> wkbs;
  for (const int64_t index : indices) {
    wkbs.push_back(dataset.geometry_wkb(index).value_or(""));
  }
  return lon_lat_rings(wkbs, dataset.crs());
}

std::string geo_crs(const table::Metadata& metadata) {
  const auto found = metadata.find("geo");
  if (found == metadata.end()) {
    return "";
  }
  const auto geo = parse_json_or_discard(found->second);
  const auto column = geo.is_object() && geo.contains("columns") &&
                              geo["columns"].contains("geometry")
                          ? geo["columns"]["geometry"]
                          : nlohmann::json();
  if (!column.is_object() ||
      (column.contains("crs") && column["crs"].is_null())) {
    return "";
  }
  // GeoParquet: none named is longitude and latitude.
  return column.contains("crs") ? json_text(column["crs"]) : "EPSG:4326";
}

double rounded(double value, double per_unit) {
  return std::round(value * per_unit) / per_unit;
}

nlohmann::ordered_json polygon_feature(
    nlohmann::ordered_json properties, const Ring& ring) {
  constexpr double kSteps = 1e8;  // a degree
  auto points = nlohmann::ordered_json::array();
  for (const auto& [longitude, latitude] : ring) {
    points.push_back({rounded(longitude, kSteps), rounded(latitude, kSteps)});
  }
  return {
      {"type", "Feature"},
      {"properties", std::move(properties)},
      {"geometry",
       {{"type", "Polygon"},
        {"coordinates", nlohmann::ordered_json::array({std::move(points)})}}}};
}

table::Metadata add_geometry(
    const data::Dataset& dataset,
    const std::vector<int64_t>& indices,
    table::Table& table) {
  if (dataset.crs().empty()) {
    return {};
  }
  table::BytesColumn geometry;
  for (const int64_t index : indices) {
    auto wkb = dataset.geometry_wkb(index);
    if (!wkb) {
      return {};
    }
    geometry.rows.push_back(std::move(*wkb));
  }
  table.columns.push_back({"geometry", std::move(geometry)});
  const nlohmann::json column = {
      {"encoding", "WKB"},
      {"geometry_types", {"Polygon"}},
      {"crs", parse_json(raster::projjson(dataset.crs()))}};
  const nlohmann::json geo = {
      {"version", "1.0.0"},
      {"primary_column", "geometry"},
      {"columns", {{"geometry", column}}}};
  return {{"geo", json_text(geo)}};
}

}  // namespace nadir::eval
