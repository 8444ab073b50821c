#include "cli/search_output.h"

#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text_table.h"
#include "eval/composite.h"
#include "eval/contact_sheet.h"
#include "eval/footprints.h"
#include "raster/image_file.h"
#include "table/csv.h"

namespace nadir::cli {
namespace {

constexpr size_t kPicturesARow = 5;
constexpr int64_t kPicturePx = 120;

std::unordered_map<std::string, int64_t> indices_by_name(
    const data::Dataset& dataset) {
  std::unordered_map<std::string, int64_t> indices;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    indices.emplace(dataset.name(i), i);
  }
  return indices;
}

std::vector<std::string> labels_of(
    const data::Dataset& dataset, int64_t index) {
  std::vector<std::string> names;
  const auto labels = dataset.labels(index);
  for (size_t c = 0; c < labels.size(); ++c) {
    if (labels[c] != 0) {
      names.push_back(dataset.class_names()[c]);
    }
  }
  return names;
}

std::string geojson_of(
    const std::vector<FoundImage>& images, const table::Metadata& metadata) {
  std::vector<std::string> wkbs;
  for (const auto& image : images) {
    wkbs.push_back(image.footprint_wkb);
  }
  const auto rings = eval::lon_lat_rings(wkbs, eval::geo_crs(metadata));
  auto features = nlohmann::ordered_json::array();
  for (size_t i = 0; i < images.size(); ++i) {
    NADIR_CHECK(
        rings[i].has_value(),
        "GeoJSON needs footprints, and the embeddings have none of {}; write "
        ".parquet or .csv",
        images[i].name);
    features.push_back(eval::polygon_feature(
        {{"name", images[i].name},
         {"similarity", eval::rounded(images[i].similarity, 1e6)},
         {"labels", images[i].labels}},
        *rings[i]));
  }
  const nlohmann::ordered_json collection = {
      {"type", "FeatureCollection"}, {"features", std::move(features)}};
  return json_text(collection) + "\n";
}

}  // namespace

std::vector<FoundImage> describe(
    const search::Neighbours& found,
    const search::Embeddings& embeddings,
    const data::Dataset* dataset) {
  std::unordered_map<std::string, int64_t> indices;
  if (dataset != nullptr) {
    indices = indices_by_name(*dataset);
  }
  std::vector<FoundImage> images;
  for (const auto& one : found) {
    FoundImage image;
    image.name = embeddings.name(one.row);
    image.similarity = one.similarity;
    image.footprint_wkb = embeddings.footprint_wkb(one.row);
    if (const auto index = indices.find(image.name); index != indices.end()) {
      image.index = index->second;
      image.labels = labels_of(*dataset, index->second);
    }
    images.push_back(std::move(image));
  }
  return images;
}

void check_result_path(const std::string& path) {
  if (path.empty()) {
    return;
  }
  const auto extension = std::filesystem::path(path).extension();
  NADIR_CHECK(
      extension == ".parquet" || extension == ".csv" || extension == ".geojson",
      "results are written as .parquet, .csv or .geojson, got '{}'",
      path);
  check_writable_file(path);
}

void write_results(
    const std::vector<FoundImage>& images,
    const table::Metadata& metadata,
    const std::filesystem::path& path) {
  if (path.extension() == ".geojson") {
    write_file(path, geojson_of(images, metadata));
    return;
  }
  table::TextColumn names;
  table::NumberColumn similarities;
  table::TextListColumn labels;
  table::BytesColumn footprints;
  for (const auto& image : images) {
    names.emplace_back(image.name);
    similarities.push_back(image.similarity);
    labels.emplace_back(image.labels);
    footprints.rows.push_back(image.footprint_wkb);
  }
  table::Table table;
  table.columns.push_back({"name", std::move(names)});
  table.columns.push_back({"similarity", std::move(similarities)});
  table.columns.push_back({"labels", std::move(labels)});
  if (path.extension() == ".csv") {
    table::write_csv(path, table);
    return;
  }
  table::Metadata geo;
  if (const auto found = metadata.find("geo"); found != metadata.end()) {
    table.columns.push_back({"geometry", std::move(footprints)});
    geo.insert(*found);
  }
  table::write_parquet(path, table, geo);
}

void draw_results(
    const std::vector<FoundImage>& images,
    const data::Dataset& dataset,
    const std::filesystem::path& path) {
  std::vector<eval::SheetRow> rows;
  for (size_t i = 0; i < images.size(); ++i) {
    const auto& image = images[i];
    NADIR_CHECK(
        image.index.has_value(),
        "{} holds no image '{}'; give the data that the embeddings are of",
        dataset.description(),
        image.name);
    if (i % kPicturesARow == 0) {
      rows.push_back(
          {fmt::format(
               "{} to {}, similarity {:.3f} and less",
               i + 1,
               std::min(i + kPicturesARow, images.size()),
               image.similarity),
           {}});
    }
    const auto tile = dataset.read(*image.index);
    rows.back().cells.push_back(
        {eval::visible_picture(tile, dataset.bands()),
         static_cast<double>(tile.width()) /
             static_cast<double>(tile.height())});
  }
  raster::write_png(path, eval::contact_sheet({}, rows, kPicturePx));
}

void print_results(
    const std::vector<FoundImage>& images,
    double search_ms,
    const std::string& method,
    bool as_json) {
  if (as_json) {
    auto results = nlohmann::json::array();
    for (const auto& image : images) {
      results.push_back(
          {{"name", image.name},
           {"similarity", image.similarity},
           {"labels", image.labels}});
    }
    print_json(
        {{"method", method},
         {"search_ms", search_ms},
         {"results", std::move(results)}});
    return;
  }
  const bool has_labels =
      std::any_of(images.begin(), images.end(), [](const FoundImage& image) {
        return !image.labels.empty();
      });
  std::vector<std::string> header = {"image", "similarity"};
  if (has_labels) {
    header.emplace_back("labels");
  }
  TextTable table(header);
  for (const auto& image : images) {
    std::vector<std::string> cells = {
        image.name, fmt::format("{:.4f}", image.similarity)};
    if (has_labels) {
      cells.push_back(join(image.labels, ", "));
    }
    table.add_row(std::move(cells));
  }
  std::printf("%s", table.text().c_str());
}

}  // namespace nadir::cli
