#include "eval/feature_file.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "checkpoint/safetensors.h"
#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "eval/footprints.h"

namespace nadir::eval {
namespace {

constexpr std::string_view kProvenance = "nadir_";

}  // namespace

std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(
      extension.begin(), extension.end(), extension.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      });
  return extension;
}

table::TextColumn image_names(const ImageSet& images) {
  table::TextColumn names;
  for (const int64_t index : images.indices) {
    names.emplace_back(images.dataset->name(index));
  }
  return names;
}

FeatureTable make_feature_table(
    const ImageSet& images,
    const at::Tensor& features_NF,
    const std::map<std::string, std::string>& provenance) {
  const auto features = features_NF.contiguous();
  const float* values = features.const_data_ptr<float>();
  FeatureTable result;
  result.table.columns.push_back({"name", image_names(images)});
  result.table.columns.push_back(
      {"features",
       table::FloatRowsColumn{
           features.size(1),
           std::vector<float>(values, values + features.numel())}});
  result.metadata = add_geometry(*images.dataset, images.indices, result.table);
  for (const auto& [key, text] : provenance) {
    result.metadata[std::string(kProvenance) + key] = text;
  }
  return result;
}

void write_features(
    const FeatureTable& features, const std::filesystem::path& path) {
  check_feature_path(path);
  const std::string extension = lower_extension(path);
  if (extension == ".parquet") {
    table::write_parquet(path, features.table, features.metadata);
    return;
  }
  std::vector<std::string> names;
  for (const auto& name : features.table.get<table::TextColumn>("name")) {
    names.push_back(name.value_or(""));
  }
  auto rows = features.table.get<table::FloatRowsColumn>("features");
  const auto matrix = at::from_blob(
      rows.values.data(),
      {static_cast<int64_t>(names.size()), rows.width},
      at::kFloat);
  if (extension == ".safetensors") {
    table::Metadata metadata;
    for (const auto& [key, text] : features.metadata) {
      if (key.starts_with(kProvenance)) {
        metadata[key.substr(kProvenance.size())] = text;
      }
    }
    metadata["names"] = json_text(nlohmann::json(names));
    checkpoint::write_safetensors(path, {{"features", matrix}}, metadata);
    return;
  }
  write_file(path, npy_bytes(matrix));
  write_file(path.string() + ".names.txt", join(names, "\n") + "\n");
}

void check_feature_path(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  NADIR_CHECK(
      extension == ".parquet" || extension == ".safetensors" ||
          extension == ".npy",
      "features are written as .parquet, .safetensors or .npy, got '{}'",
      path.string());
  check_writable_file(path);
}

std::string npy_bytes(const at::Tensor& matrix) {
  constexpr size_t kAlignment = 64;
  constexpr size_t kPreamble = 10;  // magic, version, length of the header
  const auto values = matrix.to(at::kCPU, at::kFloat).contiguous();
  std::string header = fmt::format(
      "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
      values.size(0),
      values.size(1));
  const size_t unpadded = kPreamble + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 0xFF);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(
      static_cast<const char*>(values.const_data_ptr()), values.nbytes());
  return bytes;
}

}  // namespace nadir::eval
