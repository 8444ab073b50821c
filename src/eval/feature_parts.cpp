#include "eval/feature_parts.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "data/part_set.h"
#include "eval/feature_file.h"
#include "eval/features.h"

namespace nadir::eval {
namespace {

namespace fs = std::filesystem;

constexpr char kFeaturesKind[] = "features";
constexpr char kGeometry[] = "geometry";

// What decides the result. Where the weights lie does not: their checksum
// counts.
nlohmann::json feature_settings(
    const ImageSet& images,
    int64_t batch_size,
    const std::map<std::string, std::string>& provenance) {
  nlohmann::json settings(provenance);
  settings.erase("weights");
  settings["images"] = images.size();
  settings["names_sha256"] = names_sha256(images);
  settings["batch_size"] = batch_size;
  return settings;
}

void drop_geometry(FeatureTable& features) {
  std::erase_if(features.table.columns, [](const table::Column& column) {
    return column.name == kGeometry;
  });
  features.metadata.erase("geo");
}

int64_t put_features_together(
    const fs::path& out,
    const std::vector<data::PartHeader>& headers,
    const std::vector<fs::path>& paths) {
  NADIR_CHECK(
      headers.front().kind == kFeaturesKind,
      "{} is a part of '{}', not of features",
      paths.front().string(),
      headers.front().kind);
  FeatureTable whole;
  for (const auto& path : paths) {
    FeatureTable part = {
        table::read_parquet(path), table::read_parquet_metadata(path)};
    part.metadata.erase(data::kPartKey);
    if (part.table.num_rows() == 0) {
      continue;
    }
    if (whole.table.columns.empty()) {
      whole = std::move(part);
      continue;
    }
    // Footprints are stored where all images have one.
    if (whole.table.has(kGeometry) != part.table.has(kGeometry)) {
      drop_geometry(whole);
      drop_geometry(part);
    }
    table::append_rows(whole.table, std::move(part.table));
  }
  const auto num_images = headers.front().settings.value("images", int64_t{-1});
  if (whole.table.num_rows() != num_images) {
    fail(
        ErrorCode::kCorruptData,
        "the parts of {} hold {} images of {}",
        out.string(),
        whole.table.num_rows(),
        num_images);
  }
  write_features(whole, out);
  return num_images;
}

}  // namespace

FeaturePartResult make_feature_part(
    const ImageSet& images,
    const Part& part,
    int64_t batch_size,
    int64_t width,
    const std::map<std::string, std::string>& provenance,
    const fs::path& out,
    const MakeFeatures& make) {
  const auto parts = data::PartSet::of_file(out);
  const auto settings = feature_settings(images, batch_size, provenance);
  FeaturePartResult result;
  result.was_complete = parts.check_before(part, kFeaturesKind, settings);
  const auto range = batches_of(images.size(), batch_size, part);
  result.num_images = range.size();
  if (!result.was_complete) {
    ImageSet own = images;
    own.indices.assign(
        images.indices.begin() + range.begin,
        images.indices.begin() + range.end);
    const auto features =
        range.size() > 0 ? make(own) : at::empty({0, width}, at::kFloat);
    auto table = make_feature_table(own, features, provenance);
    const data::PartHeader header = {
        kFeaturesKind,
        part,
        settings,
        {{"begin", range.begin}, {"end", range.end}}};
    table.metadata[data::kPartKey] = json_text(to_json(header));
    table::write_parquet(parts.path(part), table.table, table.metadata);
  }
  const auto outcome =
      parts.merge_if_complete([&](const auto& headers, const auto& paths) {
        result.num_images = put_features_together(out, headers, paths);
      });
  result.is_merged = outcome.is_merged;
  result.missing = outcome.missing;
  return result;
}

int64_t merge_feature_parts(const fs::path& out) {
  check_feature_path(out);
  int64_t num_images = 0;
  data::PartSet::of_file(out).merge(
      [&](const auto& headers, const auto& paths) {
        num_images = put_features_together(out, headers, paths);
      });
  return num_images;
}

}  // namespace nadir::eval
