// The part of the index that a patch's own files give. Private to index.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/bad_patches.h"
#include "data/index.h"
#include "data/patch_metadata.h"
#include "table/table.h"

namespace nadir::data {

struct IndexRow {
  std::string name;
  std::optional<table::TextList> labels;   // null in v2
  std::optional<std::string> tile_source;  // null in v2
  std::string acquisition_date;
  Ring ring;  // EPSG:3035
  std::optional<table::TextList> new_labels;
};

struct IndexRows {
  std::vector<IndexRow> rows;  // sorted by name
  bool is_v2 = false;
  bool is_interrupted = false;  // by a signal; the rows are not all
  int64_t num_in_source = 0;
  int64_t num_patches = 0;  // of the part
  int64_t num_skipped = 0;
};

// Rows of the part's patches of the source but the bad ones, which are added to
// `bad` and checked. Parsing and projection run on the threads asked for.
[[nodiscard]] IndexRows read_index_rows(
    const IndexOptions& options, BadPatches& bad);

}  // namespace nadir::data
