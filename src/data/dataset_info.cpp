#include "data/dataset_info.h"

#include <algorithm>
#include <array>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

constexpr char kFormat[] = "nadir-dataset";
constexpr int kVersion = 1;

using raster::PixelType;

constexpr std::array kTypes = {
    PixelType::kUint8,
    PixelType::kUint16,
    PixelType::kInt16,
    PixelType::kFloat32};

BandInfo band_from_json(const nlohmann::json& json) {
  return {
      .name = json.at("name").get<std::string>(),
      .type = pixel_type_from_name(json.at("type").get<std::string>()),
      .height = json.value("height", int64_t{0}),
      .width = json.value("width", int64_t{0})};
}

BandStatistics statistics_from_json(
    const nlohmann::json& json, std::vector<std::string> bands) {
  BandStatistics statistics;
  const size_t num_bands = bands.size();
  statistics.bands = std::move(bands);
  const auto read = [&](const char* key, std::vector<double>& values) {
    json.at(key).get_to(values);
    if (values.size() != num_bands) {
      throw std::invalid_argument(
          std::string("statistics.") + key + " does not have a value a band");
    }
  };
  read("mean", statistics.mean);
  read("std", statistics.std);
  read("min", statistics.min);
  read("max", statistics.max);
  read("percentile_2", statistics.percentile_2);
  read("percentile_98", statistics.percentile_98);
  return statistics;
}

}  // namespace

std::vector<std::string> DatasetInfo::band_names() const {
  std::vector<std::string> names;
  for (const auto& band : bands) {
    names.push_back(band.name);
  }
  return names;
}

const std::string& pixel_type_name(PixelType type) {
  static const std::array<std::string, kTypes.size()> names = {
      "uint8", "uint16", "int16", "float32"};
  return names[static_cast<size_t>(type)];
}

PixelType pixel_type_from_name(const std::string& name) {
  for (const PixelType type : kTypes) {
    if (pixel_type_name(type) == name) {
      return type;
    }
  }
  fail(
      ErrorCode::kCorruptData,
      "a pixel type is uint8, uint16, int16 or float32, got '{}'",
      name);
}

nlohmann::json to_json(const BandStatistics& statistics) {
  return {
      {"mean", statistics.mean},
      {"std", statistics.std},
      {"min", statistics.min},
      {"max", statistics.max},
      {"percentile_2", statistics.percentile_2},
      {"percentile_98", statistics.percentile_98}};
}

nlohmann::json to_json(const DatasetInfo& info) {
  nlohmann::json bands = nlohmann::json::array();
  for (const auto& band : info.bands) {
    nlohmann::json entry = {
        {"name", band.name}, {"type", pixel_type_name(band.type)}};
    if (band.height > 0) {
      entry["height"] = band.height;
      entry["width"] = band.width;
    }
    bands.push_back(std::move(entry));
  }
  auto statistics = to_json(info.statistics);
  statistics["split"] = info.statistics_split;
  return {
      {"format", kFormat},
      {"version", kVersion},
      {"bands", std::move(bands)},
      {"class_names", info.class_names},
      {"multi_label", info.is_multi_label},
      {"label_column", info.label_column},
      {"counts", info.counts},
      {"statistics", std::move(statistics)},
      {"scaling", info.scaling},
      {"content_sha256", info.content_sha256},
      {"packing", info.packing},
      {"problems", info.problems}};
}

DatasetInfo dataset_info_from_json(const nlohmann::json& json) {
  if (json.at("format") != kFormat || json.at("version") != kVersion) {
    throw std::invalid_argument(
        "it is not of the format nadir-dataset, version 1");
  }
  DatasetInfo info;
  for (const auto& band : json.at("bands")) {
    info.bands.push_back(band_from_json(band));
  }
  json.at("class_names").get_to(info.class_names);
  json.at("multi_label").get_to(info.is_multi_label);
  json.at("label_column").get_to(info.label_column);
  json.at("counts").get_to(info.counts);
  info.statistics =
      statistics_from_json(json.at("statistics"), info.band_names());
  info.statistics_split = json.at("statistics").at("split");
  json.at("scaling").get_to(info.scaling);
  json.at("content_sha256").get_to(info.content_sha256);
  info.packing = json.at("packing");
  json.at("problems").get_to(info.problems);
  return info;
}

std::string content_sha256(const std::vector<StoredImage>& images) {
  std::vector<std::string> lines;
  lines.reserve(images.size());
  for (const auto& image : images) {
    lines.push_back(image.name + " " + image.sha256 + "\n");
  }
  std::sort(lines.begin(), lines.end());
  return sha256_hex(join(lines, ""));
}

void check_is_not_begun(const fs::path& folder) {
  NADIR_CHECK(
      !fs::exists(folder / kPackingFile),
      "{} holds an unfinished packing; run the same `nadir data pack` again to "
      "finish it",
      folder.string());
}

DatasetInfo read_dataset_info(const fs::path& folder) {
  const fs::path path = folder / kDatasetFile;
  try {
    return dataset_info_from_json(parse_json(read_file(path)));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{} cannot be read: {}",
        path.string(),
        error.what());
  }
}

void write_dataset_info(const fs::path& folder, const DatasetInfo& info) {
  // Problems may quote anything that a damaged file said.
  const std::string text = json_text(to_json(info), 2);
  write_file(folder / kDatasetFile, text + "\n");
}

}  // namespace nadir::data
