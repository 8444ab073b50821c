#include "eval/prediction.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "eval/feature_file.h"
#include "eval/footprints.h"
#include "eval/shared_features.h"
#include "raster/geopackage.h"
#include "table/csv.h"
#include "table/parquet.h"

namespace nadir::eval {

namespace {

// A class may be called as a column of ours is.
std::string class_column(const std::string& class_name) {
  const bool is_taken = class_name == "name" || class_name == "labels" ||
                        class_name == "geometry";
  return is_taken ? "class " + class_name : class_name;
}

table::Table prediction_table(const Predictions& predictions) {
  table::Table table;
  table.columns.push_back({"name", image_names(predictions.images)});
  table::TextListColumn labels(
      predictions.labels.begin(), predictions.labels.end());
  table.columns.push_back({"labels", std::move(labels)});
  for (size_t c = 0; c < predictions.class_names.size(); ++c) {
    const auto column =
        predictions.probability_NC.select(1, static_cast<int64_t>(c))
            .to(at::kDouble)
            .contiguous();
    const double* values = column.const_data_ptr<double>();
    table.columns.push_back(
        {class_column(predictions.class_names[c]),
         table::NumberColumn(values, values + column.numel())});
  }
  return table;
}

std::vector<Ring> known_rings(const ImageSet& images) {
  std::vector<Ring> rings;
  for (auto& ring : lon_lat_rings(*images.dataset, images.indices)) {
    NADIR_CHECK(
        ring.has_value(),
        "GeoJSON and GeoPackage need footprints, and {} has none; write "
        ".parquet or .csv",
        images.dataset->name(images.indices[rings.size()]));
    rings.push_back(std::move(*ring));
  }
  return rings;
}

std::string geojson(const Predictions& predictions) {
  const auto& images = predictions.images;
  const auto rings = known_rings(images);
  const auto& names = predictions.class_names;
  const float* probability = predictions.probability_NC.const_data_ptr<float>();
  auto features = nlohmann::ordered_json::array();
  for (size_t n = 0; n < rings.size(); ++n) {
    nlohmann::ordered_json properties = {
        {"name", images.dataset->name(images.indices[n])},
        {"labels", predictions.labels[n]}};
    for (size_t c = 0; c < names.size(); ++c) {
      properties[class_column(names[c])] =
          rounded(probability[n * names.size() + c], 1e6);
    }
    features.push_back(polygon_feature(std::move(properties), rings[n]));
  }
  const nlohmann::ordered_json collection = {
      {"type", "FeatureCollection"},
      {"nadir", predictions.probe},
      {"features", features}};
  return json_text(collection) + "\n";
}

// A product's last bits depend on how many rows it has: in batches, what is
// said of an image does not depend on how many others there are.
at::Tensor probabilities_by_batch(
    const Probe& probe, const at::Tensor& features_NF, int64_t batch_size) {
  std::vector<at::Tensor> batches;
  for (const auto& features_BF : features_NF.split(batch_size)) {
    batches.push_back(head_probabilities(probe.head, features_BF, probe.task));
  }
  return at::cat(batches).contiguous();
}

raster::PolygonLayer polygon_layer(const Predictions& predictions) {
  const auto& dataset = *predictions.images.dataset;
  raster::PolygonLayer layer;
  layer.name = "predictions";
  layer.crs = dataset.crs();
  layer.description = json_text(predictions.probe);
  for (const int64_t index : predictions.images.indices) {
    auto wkb = dataset.geometry_wkb(index);
    NADIR_ASSERT(wkb.has_value());  // check_prediction_path()
    layer.wkb.push_back(std::move(*wkb));
  }
  std::vector<std::string> names;
  std::vector<std::string> labels;
  for (size_t n = 0; n < predictions.labels.size(); ++n) {
    names.push_back(dataset.name(predictions.images.indices[n]));
    labels.push_back(fmt::format("{}", fmt::join(predictions.labels[n], "; ")));
  }
  layer.columns = {{"name", names}, {"labels", labels}};
  for (const auto& column : prediction_table(predictions).columns) {
    if (const auto* values = std::get_if<table::NumberColumn>(&column.values)) {
      layer.columns.push_back({column.name, *values});
    }
  }
  return layer;
}

}  // namespace

void check_probe_fits(const Probe& probe, const FrozenNetwork& frozen) {
  NADIR_CHECK(
      frozen.sha256 == probe.weights_sha256,
      "the probe was trained on other weights than {} ({}): those that {} held "
      "then; name them with --weights, or train the probe again with `nadir "
      "eval linear`",
      frozen.name,
      frozen.source,
      probe.weights);
}

std::vector<std::vector<std::string>> chosen_labels(
    const Probe& probe, const at::Tensor& probability_NC) {
  const int64_t num_classes = probability_NC.size(1);
  const float* values = probability_NC.const_data_ptr<float>();
  std::vector<std::vector<std::string>> labels(probability_NC.size(0));
  for (size_t n = 0; n < labels.size(); ++n) {
    const float* row = values + static_cast<int64_t>(n) * num_classes;
    if (probe.thresholds.empty()) {
      labels[n] = {
          probe.class_names[std::max_element(row, row + num_classes) - row]};
      continue;
    }
    for (int64_t c = 0; c < num_classes; ++c) {
      if (row[c] >= probe.thresholds[c]) {
        labels[n].push_back(probe.class_names[c]);
      }
    }
  }
  return labels;
}

Predictions predictions_of(
    const Probe& probe,
    const ImageSet& images,
    const at::Tensor& features,
    int64_t batch_size) {
  Predictions predictions;
  predictions.images = images;
  predictions.class_names = probe.class_names;
  predictions.probability_NC =
      probabilities_by_batch(probe, features, batch_size).to(at::kCPU);
  predictions.labels = chosen_labels(probe, predictions.probability_NC);
  predictions.probe = probe_json(probe);
  return predictions;
}

Predictions predict(
    const Probe& probe,
    const FrozenNetwork& frozen,
    const ImageSet& images,
    int64_t batch_size,
    int64_t num_threads,
    const distributed::Communicator& group) {
  check_probe_fits(probe, frozen);
  NADIR_CHECK(
      images.dataset->bands() == probe.views.normalization.bands,
      "the probe was trained on the bands {}, the data gives {}",
      fmt::join(probe.views.normalization.bands, ","),
      fmt::join(images.dataset->bands(), ","));
  check_same_on_all(
      group,
      json_text(
          nlohmann::json::array({probe.weights_sha256, names_sha256(images)})),
      "weights or images");
  const auto features = extract_shared(
      images,
      probe.views,
      network_extractor(
          *frozen.network,
          probe.layout,
          frozen.device,
          stop_extracting_if_told),
      batch_size,
      num_threads,
      "predicting",
      group,
      Receivers::kFirst);
  return group.is_first() ? predictions_of(probe, images, features, batch_size)
                          : Predictions();
}

void write_predictions(
    const Predictions& predictions, const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  const auto& images = predictions.images;
  check_prediction_path(images, path);
  if (extension == ".parquet") {
    auto table = prediction_table(predictions);
    auto metadata = add_geometry(*images.dataset, images.indices, table);
    metadata["nadir"] = json_text(predictions.probe);
    table::write_parquet(path, table, metadata);
  } else if (extension == ".csv") {
    table::write_csv(path, prediction_table(predictions));
  } else if (extension == ".gpkg") {
    raster::write_geopackage(path, polygon_layer(predictions));
  } else {
    write_file(path, geojson(predictions));
  }
}

void check_prediction_path(
    const ImageSet& images, const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  NADIR_CHECK(
      extension == ".parquet" || extension == ".csv" ||
          extension == ".geojson" || extension == ".gpkg",
      "predictions are written as .parquet, .csv, .geojson or .gpkg, got '{}'",
      path.string());
  if (extension == ".geojson" || extension == ".gpkg") {
    (void)known_rings(images);
  }
  check_writable_file(path);
}

ImageSet unlabelled_images(
    std::shared_ptr<const data::Dataset> dataset,
    const std::string& split,
    int64_t max_images) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < dataset->size(); ++i) {
    if (split.empty() || dataset->split(i) == split) {
      indices.push_back(i);
    }
  }
  NADIR_CHECK(
      !indices.empty(),
      "there are no images of split '{}' in {}",
      split,
      dataset->description());
  const auto count = static_cast<int64_t>(indices.size());
  if (max_images > 0 && max_images < count) {
    for (int64_t i = 0; i < max_images; ++i) {
      indices[i] = indices[i * count / max_images];
    }
    indices.resize(max_images);
  }
  ImageSet images;
  images.description = dataset->description();
  images.dataset = std::move(dataset);
  images.indices = std::move(indices);
  return images;
}

}  // namespace nadir::eval
