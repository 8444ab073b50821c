// What `nadir search` found, for people, scripts and eyes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "search/embeddings.h"
#include "search/neighbours.h"

namespace nadir::cli {

struct FoundImage {
  std::string name;
  double similarity = 0;            // the cosine with the query
  std::optional<int64_t> index;     // in the data, where they have it
  std::vector<std::string> labels;  // where the data were given
  std::string footprint_wkb;        // where the embeddings have them
};

// `dataset` may be null.
[[nodiscard]] std::vector<FoundImage> describe(
    const search::Neighbours& found,
    const search::Embeddings& embeddings,
    const data::Dataset* dataset);

// Throws Error{kInvalidArgument} for another extension than .parquet, .csv and
// .geojson, Error{kIo} where nothing can be written; an empty path is none.
void check_result_path(const std::string& path);

// `metadata` is that of the embeddings, of which "geo" goes with footprints.
// Throws Error{kInvalidArgument} for GeoJSON of an image without one.
void write_results(
    const std::vector<FoundImage>& images,
    const table::Metadata& metadata,
    const std::filesystem::path& path);

// A row of pictures for every five images. Throws what reading them throws.
void draw_results(
    const std::vector<FoundImage>& images,
    const data::Dataset& dataset,
    const std::filesystem::path& path);

void print_results(
    const std::vector<FoundImage>& images,
    double search_ms,
    const std::string& method,
    bool as_json);

}  // namespace nadir::cli
