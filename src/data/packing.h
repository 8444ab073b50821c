// One pass of packing, of the whole or of a part: shards, and what is to be
// said of them. Private to pack.cpp and pack_parts.cpp, which write that down.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/pack.h"
#include "data/pack_input.h"
#include "data/statistics.h"

namespace nadir::data {

struct Packing {
  PackResult result;
  IndexTable index;                 // of the images packed, in their order
  std::vector<StoredImage> images;  // the same images
  std::vector<BandCounter> counters;
  int64_t num_in_catalog = 0;  // images of all parts, bad ones included
};

// Packs options.part into folder/shards, beside kPackingFile, which stays.
// Throws as pack_dataset() does.
[[nodiscard]] Packing run_packing(
    const PackOptions& options,
    const std::filesystem::path& folder,
    const nlohmann::json& settings);

}  // namespace nadir::data
