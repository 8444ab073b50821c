// A dataset folder packed in parts by several processes, and put together
// again without copying an image: OUT/part-00001-of-00004/shards are renamed
// to OUT/shards (docs/formats/dataset.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/pack.h"

namespace nadir::data {

struct PackPartResult {
  // Of the part; of the dataset where it was complete or is merged.
  PackResult pack;
  bool was_complete = false;     // the part, by an earlier call
  bool is_merged = false;        // by this call
  std::vector<int64_t> missing;  // parts; empty where all were there
};

// Packs options.part of options.out, goes on with it, or finds it complete;
// the part that comes last merges all. The dataset is the one that
// pack_dataset() makes, though its shards are divided otherwise; the mean and
// deviation of float bands may differ in the last digits. Throws as
// pack_dataset() and PartSet do, and Error{kCorruptData} where the parts
// together hold more than max_bad bad images.
[[nodiscard]] PackPartResult pack_dataset_part(const PackOptions& options);

// Merges the parts in the folder `out` by hand. The parts' own max_bad holds
// for the sum if it is larger than this one.
[[nodiscard]] PackResult merge_dataset_parts(
    const std::filesystem::path& out, int64_t max_bad);

}  // namespace nadir::data
