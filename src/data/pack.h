// Makes a dataset folder: shards, index and dataset.json from patches or
// images in one pass (docs/formats/dataset.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/part.h"
#include "data/dataset_info.h"
#include "store/remote_files.h"

namespace nadir::data {

struct PackOptions {
  std::string source;              // archive or folder
  std::string index;               // of BigEarthNet patches
  std::filesystem::path out;       // new folder, or one to go on with
  std::vector<std::string> bands;  // order kept; empty = all
  std::string type;  // "uint16", "uint8" (rgb2000 applied); "" = as the source
  int64_t max_bad = 0;
  int64_t num_threads = 0;  // 0 = all
  Part part;                // a block of the index's rows; see pack_parts.h
  std::shared_ptr<store::RemoteFiles> remote{};  // for a source at s3://
};

struct PackResult {
  DatasetInfo info;
  int64_t num_packed = 0;       // in this run
  int64_t num_resumed = 0;      // found from an interrupted run
  int64_t num_unlisted = 0;     // in the source and not in the index
  bool was_complete = false;    // the folder was finished before
  bool is_interrupted = false;  // by a signal; the same call goes on
};

// Packs the whole, and resumes what an interrupted call with the same options
// left: the result is the same. The folder is a dataset only once it is
// complete. Images that are bad, missing or there twice are counted and listed;
// more than max_bad of them end the packing with Error{kCorruptData}. Memory:
// three chunks of 64 images. Throws Error{kInvalidArgument} if `out`
// holds something else, and what open_pack_input() throws.
[[nodiscard]] PackResult pack_dataset(const PackOptions& options);

// What `folder` holds if it is a dataset, nothing if it is none yet. Throws
// Error{kInvalidArgument} where it was packed with other settings.
[[nodiscard]] std::optional<DatasetInfo> find_packed(
    const std::filesystem::path& folder, const nlohmann::json& settings);

}  // namespace nadir::data
