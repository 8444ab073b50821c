// Features of images as files.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

#include "eval/splits.h"
#include "table/parquet.h"

namespace nadir::eval {

// ".parquet" of "a/B.Parquet".
[[nodiscard]] std::string lower_extension(const std::filesystem::path& path);

[[nodiscard]] table::TextColumn image_names(const ImageSet& images);

// Features as the table of a Parquet file: name, features as float rows,
// footprint if all images have one.
struct FeatureTable {
  table::Table table;
  table::Metadata metadata;  // "geo" and the provenance, as "nadir_KEY"
};

[[nodiscard]] FeatureTable make_feature_table(
    const ImageSet& images,
    const at::Tensor& features_NF,
    const std::map<std::string, std::string>& provenance);

// By extension: .parquet (name, features as a fixed-size list, footprint),
// .safetensors ("features", names in the metadata), both with the provenance
// in their metadata, or .npy (rows in the order of <path>.names.txt beside
// it). Throws as check_feature_path().
void write_features(
    const FeatureTable& features, const std::filesystem::path& path);

// Throws Error{kInvalidArgument} for another extension, Error{kIo} where `path`
// cannot be written.
void check_feature_path(const std::filesystem::path& path);

// NumPy's format 1.0 of a float32 matrix.
[[nodiscard]] std::string npy_bytes(const at::Tensor& matrix);

}  // namespace nadir::eval
