// The index made in parts by several processes, and put together again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/index.h"

namespace nadir::data {

struct IndexPartResult {
  bool was_complete = false;     // made by an earlier call
  bool is_merged = false;        // by this call; then `report` is of all
  std::vector<int64_t> missing;  // parts; empty where all were there
  IndexReport report;            // of the part, unless it was complete
};

// Makes options.part of the index `out` as a file beside it, unless it is
// there; the part that comes last merges all. The merged index is the one that
// make_index() and write_index() make. Nothing is written where a signal ends
// it. Throws as make_index() and PartSet do, and Error{kCorruptData} where the
// parts together hold more than max_bad bad patches.
[[nodiscard]] IndexPartResult make_index_part(
    const std::filesystem::path& out, const IndexOptions& options);

// Merges the parts of `out` by hand. The parts' own max_bad holds for the sum
// if it is larger than this one.
[[nodiscard]] IndexReport merge_index_parts(
    const std::filesystem::path& out, int64_t max_bad);

}  // namespace nadir::data
