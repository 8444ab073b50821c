// Labels of images by a saved probe, as files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "distributed/communicator.h"
#include "eval/features.h"
#include "eval/frozen_network.h"
#include "eval/probe.h"

namespace nadir::eval {

struct Predictions {
  ImageSet images;
  std::vector<std::string> class_names;
  at::Tensor probability_NC;                     // float32
  std::vector<std::vector<std::string>> labels;  // predicted, by class order
  nlohmann::ordered_json probe;                  // probe_json()
};

// Throws Error{kInvalidArgument} if the network's checksum is not the probe's.
void check_probe_fits(const Probe& probe, const FrozenNetwork& frozen);

// Per row the classes above their thresholds, or the likeliest one where the
// task is single-label.
[[nodiscard]] std::vector<std::vector<std::string>> chosen_labels(
    const Probe& probe, const at::Tensor& probability_NC);

// What the probe says of `images`, whose features these are, by batches as they
// were made.
[[nodiscard]] Predictions predictions_of(
    const Probe& probe,
    const ImageSet& images,
    const at::Tensor& features,
    int64_t batch_size);

// Throws as check_probe_fits(), and Error{kInvalidArgument} if bands or
// normalisation of the data disagree with the probe. With several
// processes in `group`, each makes its share of the features and all must
// call; the first rank gets the predictions, the others get none.
[[nodiscard]] Predictions predict(
    const Probe& probe,
    const FrozenNetwork& frozen,
    const ImageSet& images,
    int64_t batch_size,
    int64_t num_threads,
    const distributed::Communicator& group = distributed::Communicator());

// By extension: .parquet, .csv, .gpkg and .geojson hold name, labels and one
// column (property) a class with its probability; Parquet and GeoPackage also
// the footprint, and .geojson the footprints in longitude and latitude.
// Parquet's metadata and GeoJSON's member "nadir" say which probe, weights and
// normalisation they come from. Throws as check_prediction_path().
void write_predictions(
    const Predictions& predictions, const std::filesystem::path& path);

// Throws Error{kInvalidArgument} for another extension, and for .geojson and
// .gpkg where footprints are missing; Error{kIo} where `path` cannot be
// written. To be asked before the work is done.
void check_prediction_path(
    const ImageSet& images, const std::filesystem::path& path);

// All images of `dataset`, or of one of its splits, without labels.
[[nodiscard]] ImageSet unlabelled_images(
    std::shared_ptr<const data::Dataset> dataset,
    const std::string& split,
    int64_t max_images);

}  // namespace nadir::eval
