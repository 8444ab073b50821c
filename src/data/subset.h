// Copies some bands of BigEarthNet as GeoTIFF files, byte for byte, into the
// layout that the article uploads: data_rgb/PATCH/PATCH_BAND.tif and
// metadata/final_ben_s2.parquet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/bad_patches.h"
#include "store/remote_files.h"

namespace nadir::data {

// Of the index below the folder that is copied to.
inline constexpr char kSubsetIndex[] = "metadata/final_ben_s2.parquet";

struct SubsetOptions {
  std::string source;  // folder or archive
  std::string index;   // "" = the one beside the source, or else every patch
  std::filesystem::path out;
  std::vector<std::string> bands = {"B04", "B03", "B02"};
  int64_t max_bad = 0;
  std::shared_ptr<store::RemoteFiles> remote{};  // for a source at s3://
};

struct SubsetResult {
  int64_t num_copied = 0;    // patches; those that were there before included
  int64_t num_unlisted = 0;  // in the source and not in the index
  int64_t num_missing = 0;   // in the index and not in the source
  int64_t num_bytes = 0;
  std::vector<BadPatch> bad;
  bool is_interrupted = false;  // by a signal; the same call goes on
};

// Each file is written beside its place and renamed, so that none is half
// there; the index comes last, with the rows of the patches that were copied.
// Called again it completes what is missing. Throws Error{kInvalidArgument} if
// the index to write is the one that is read, Error{kCorruptData} on more than
// max_bad bad patches, and what open_patch_source() throws.
[[nodiscard]] SubsetResult copy_subset(const SubsetOptions& options);

}  // namespace nadir::data
