// The catalog of an index file: final_ben_s2.parquet's columns, version 2's
// metadata.parquet, or the index.parquet of a packed folder of images
// (docs/formats/index.md).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/catalog.h"
#include "table/table.h"

namespace nadir::data {

// What the columns of an index are called.
struct IndexColumns {
  std::string name = "name";
  std::string labels = "new_labels";  // "" if there are none
  std::string split = "original_split";
};

// Reads names, labels, splits and, where there is a column `geometry`, the
// footprints. Labels are looked up in `class_names`; a null list has none.
// Throws Error{kCorruptData} naming the image on a name that is null or there
// twice, and on a label that is no class.
[[nodiscard]] Catalog read_index_catalog(
    const std::filesystem::path& path,
    const IndexColumns& columns,
    const std::vector<std::string>& class_names);

// A BigEarthNet index with its 19 classes: `new_labels` and `original_split`,
// or version 2's `patch_id`, `labels` and `split`.
[[nodiscard]] Catalog read_bigearthnet_catalog(
    const std::filesystem::path& path);

// The rows `rows` of a table, in that order.
[[nodiscard]] table::Table table_rows(
    const table::Table& table, std::span<const int64_t> rows);

}  // namespace nadir::data
