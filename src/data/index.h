// The tile index of BigEarthNet: one row a patch, the eleven columns that
// bigearthnet_gdf_builder writes, as GeoParquet (docs/formats/index.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/part.h"
#include "data/bad_patches.h"
#include "store/remote_files.h"
#include "table/parquet.h"
#include "table/table.h"

namespace nadir::data {

struct IndexOptions {
  std::string source;      // folder or archive
  std::string lists;       // folder of the official lists; "" = find_lists()
  std::string boundaries;  // vector file of countries; "" = none
  std::string boundaries_attribute = "NAME";
  std::string country_list;  // csv of countries by name; "" = that of the lists
  std::string metadata;      // v2's metadata.parquet; "" = beside the patches
  bool is_extended = true;   // false: the first six columns only
  bool keeps_discouraged = false;
  int64_t max_bad = 0;
  int num_threads = 0;  // 0 = available_threads()
  // Only the patches dealt to this part, by their places in the source.
  Part part;
  std::shared_ptr<store::RemoteFiles> remote{};  // for a source at s3://
};

struct IndexReport {
  int64_t num_in_source = 0;
  int64_t num_patches = 0;  // of those, this part's; bad ones included
  int64_t num_rows = 0;
  int64_t num_skipped = 0;  // folders that are no patches
  int64_t num_snow = 0;     // of the patches; the three may overlap
  int64_t num_cloud_or_shadow = 0;
  int64_t num_unlabelled = 0;
  int64_t num_dropped = 0;
  int64_t num_without_split = 0;    // of the rows
  int64_t num_without_country = 0;  // of the rows
  std::vector<BadPatch> bad;        // tolerated
  bool is_interrupted = false;      // by a signal; then there is no table
};

struct Index {
  table::Table table;  // sorted by name
  IndexReport report;
};

// Reads every patch's metadata. Columns: labels, tile_source,
// acquisition_date, name, geometry, new_labels, and if extended snow,
// cloud_or_shadow, original_split, country, season. Patches with snow, cloud
// or shadow, or without a 19-class label, are dropped unless kept; bad ones
// are left out. Of v2, labels and tile_source are null, the date is the
// name's, the geometry that of band B02, and the rest comes from
// metadata.parquet. Throws Error{kCorruptData} on more than max_bad bad
// patches or a damaged archive, Error{kNotFound} if a file is missing.
[[nodiscard]] Index make_index(const IndexOptions& options);

// Refuses, before hours of work, an output that cannot be written or would
// replace the source. Throws Error{kInvalidArgument} or Error{kIo}.
void check_index_output(
    const std::filesystem::path& path, const std::string& source);

// Replaces `path`, atomically, by the index as GeoParquet 1.1.0 in EPSG:3035,
// with `metadata` beside "geo".
void write_index(
    const std::filesystem::path& path,
    const table::Table& table,
    table::Metadata metadata = {});

}  // namespace nadir::data
