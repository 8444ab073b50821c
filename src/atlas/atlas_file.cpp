#include "atlas/atlas_file.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "table/parquet.h"

namespace nadir::atlas {
namespace {

constexpr int64_t kFormat = 1;
constexpr char kKey[] = "nadir_atlas";

nlohmann::json description_of(const Atlas& atlas) {
  nlohmann::json description = {
      {"format", kFormat},
      {"method", atlas.method},
      {"embeddings_sha256", atlas.embeddings_sha256}};
  if (atlas.trustworthiness) {
    description["trustworthiness"] = *atlas.trustworthiness;
  }
  if (!atlas.explained.empty()) {
    description["explained"] = atlas.explained;
  }
  if (atlas.method == "umap") {
    description["neighbours"] = atlas.umap.neighbours;
    description["min_dist"] = atlas.umap.min_dist;
    description["epochs"] = atlas.umap.epochs;
    description["seed"] = atlas.umap.seed;
  }
  return description;
}

void set_description(const nlohmann::json& description, Atlas& atlas) {
  description.at("method").get_to(atlas.method);
  description.at("embeddings_sha256").get_to(atlas.embeddings_sha256);
  if (description.contains("trustworthiness")) {
    atlas.trustworthiness = description["trustworthiness"].get<double>();
  }
  if (description.contains("explained")) {
    description["explained"].get_to(atlas.explained);
  }
  if (atlas.method == "umap") {
    description.at("neighbours").get_to(atlas.umap.neighbours);
    description.at("min_dist").get_to(atlas.umap.min_dist);
    description.at("epochs").get_to(atlas.umap.epochs);
    description.at("seed").get_to(atlas.umap.seed);
  }
}

}  // namespace

void write_atlas(const std::filesystem::path& path, const Atlas& atlas) {
  NADIR_ASSERT(atlas.places.size() == 2 * atlas.names.size());
  table::TextColumn names(atlas.names.begin(), atlas.names.end());
  table::NumberColumn x;
  table::NumberColumn y;
  for (size_t i = 0; i < atlas.names.size(); ++i) {
    x.push_back(atlas.places[2 * i]);
    y.push_back(atlas.places[2 * i + 1]);
  }
  table::Table table;
  table.columns.push_back({"name", std::move(names)});
  table.columns.push_back({"x", std::move(x)});
  table.columns.push_back({"y", std::move(y)});
  table::write_parquet(path, table, {{kKey, json_text(description_of(atlas))}});
}

Atlas read_atlas(const std::filesystem::path& path) {
  const auto metadata = table::read_parquet_metadata(path);
  const auto found = metadata.find(kKey);
  if (found == metadata.end()) {
    fail(
        ErrorCode::kCorruptData,
        "{} is no atlas; nadir atlas --out makes one",
        path.string());
  }
  Atlas atlas;
  try {
    const auto description = parse_json(found->second);
    const auto format = description.at("format").get<int64_t>();
    if (format != kFormat) {
      fail(
          ErrorCode::kCorruptData,
          "{} has format {}, this program reads {}",
          path.string(),
          format,
          kFormat);
    }
    set_description(description, atlas);
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::kCorruptData, "{}: {}", path.string(), error.what());
  }
  const auto table = table::read_parquet(path, {"name", "x", "y"});
  const auto& x = table.get<table::NumberColumn>("x");
  const auto& y = table.get<table::NumberColumn>("y");
  for (const auto& name : table.get<table::TextColumn>("name")) {
    const size_t i = atlas.names.size();
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) {
      fail(
          ErrorCode::kCorruptData,
          "{}: the place of '{}' is not finite",
          path.string(),
          name.value_or(""));
    }
    atlas.names.push_back(name.value_or(""));
    atlas.places.push_back(static_cast<float>(x[i]));
    atlas.places.push_back(static_cast<float>(y[i]));
  }
  return atlas;
}

}  // namespace nadir::atlas
