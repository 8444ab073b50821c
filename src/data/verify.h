// Whether a BigEarthNet folder or archive is what it should be: names, files,
// sizes and types of the pixels, checksum of the archive; and whether a dataset
// folder holds what was packed into it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/bad_patches.h"
#include "store/remote_files.h"

namespace nadir::data {

struct VerifyOptions {
  std::string source;              // folder, archive or dataset folder
  std::vector<std::string> bands;  // to read; empty = all twelve
  bool reads_pixels = true;        // false: names and metadata only
  std::string lists;               // folder of the official lists
  bool computes_md5 = false;       // of an archive
  int num_threads = 0;             // 0 = available_threads()
  std::shared_ptr<store::RemoteFiles> remote{};  // for an archive at s3://
};

struct VerifyReport {
  int64_t num_patches = 0;
  int64_t num_skipped = 0;                  // folders that are no patches
  std::vector<BadPatch> bad;                // in the source's order
  int64_t num_listed = 0;                   // names in the official lists
  int64_t num_unlisted = 0;                 // patches that no list names
  int64_t num_missing = 0;                  // listed, but not in the source
  std::vector<std::string> first_unlisted;  // at most ten
  std::vector<std::string> first_missing;
  bool is_interrupted = false;  // by a signal; the rest is not known
  std::string md5;              // of the archive, if computed
  std::string md5_name;         // the published file it is of, "" if unknown
};

// Reads the whole source once. Names are compared with the official lists for
// v1 only. Of a dataset folder, every image is checked against the sum in
// dataset.json. Throws Error{kCorruptData} where an archive is damaged; bad
// patches are reported.
[[nodiscard]] VerifyReport verify_source(const VerifyOptions& options);

}  // namespace nadir::data
