// dataset.json: what a packed dataset holds. Format:
// docs/formats/dataset.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "data/normalization.h"
#include "raster/image.h"

namespace nadir::data {

inline constexpr char kDatasetFile[] = "dataset.json";
inline constexpr char kIndexFile[] = "index.parquet";
inline constexpr char kShardsFolder[] = "shards";
// There while a packing is under way, with the settings it was begun with.
inline constexpr char kPackingFile[] = "packing.json";

struct BandInfo {
  std::string name;
  raster::PixelType type = raster::PixelType::kUint16;
  int64_t height = 0;  // 0 where images differ in size
  int64_t width = 0;
};

struct DatasetInfo {
  std::vector<BandInfo> bands;
  std::vector<std::string> class_names;
  bool is_multi_label = false;
  std::string label_column;               // of the index; "" if unlabelled
  std::map<std::string, int64_t> counts;  // images a split; "all" for the sum
  BandStatistics statistics;
  std::string statistics_split;  // "" if all images were measured
  std::string scaling;           // "rgb2000" for 8-bit reflectance, else ""
  std::string content_sha256;    // content_sha256() of the shards
  nlohmann::json packing;        // settings: source, index, bands, dtype
  std::vector<std::string> problems;  // images left out, with reasons

  [[nodiscard]] std::vector<std::string> band_names() const;
};

// "uint8", "uint16", "int16", "float32" and back; throws
// Error{kCorruptData} on other texts.
[[nodiscard]] const std::string& pixel_type_name(raster::PixelType type);
[[nodiscard]] raster::PixelType pixel_type_from_name(const std::string& name);

[[nodiscard]] nlohmann::json to_json(const BandStatistics& statistics);
[[nodiscard]] nlohmann::json to_json(const DatasetInfo& info);

// What to_json() gave. Throws nlohmann::json::exception, std::exception or
// Error{kCorruptData} on anything else.
[[nodiscard]] DatasetInfo dataset_info_from_json(const nlohmann::json& json);

// An image of the shards and the hash of its blob.
struct StoredImage {
  std::string name;
  std::string sha256;
};

// One hash of all: of the lines "NAME SHA256-OF-BLOB\n", sorted. The order of
// `images` does not matter.
[[nodiscard]] std::string content_sha256(
    const std::vector<StoredImage>& images);

// Throws Error{kInvalidArgument} where a packing into `folder` has not ended.
void check_is_not_begun(const std::filesystem::path& folder);

// Reads folder/dataset.json. Throws Error{kNotFound}, or Error{kCorruptData}
// naming the file and what is wrong with it.
[[nodiscard]] DatasetInfo read_dataset_info(
    const std::filesystem::path& folder);

// Replaces folder/dataset.json atomically.
void write_dataset_info(
    const std::filesystem::path& folder, const DatasetInfo& info);

}  // namespace nadir::data
