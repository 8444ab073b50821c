// Objects from S3 into files: ranges side by side, a file complete or not
// there, its bytes checked.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "store/upload.h"

namespace nadir::store {

// An object, as it is now, and the file it goes to.
struct Download {
  Location location;
  ObjectInfo object;  // of S3::find() or S3::list()
  std::filesystem::path path;
};

// Copies the objects, each to a temporary file beside its own which is then
// renamed. Checked are the length, the version (no two mixed) and the CRC-32,
// or the MD5 where the ETag is one. Advances `progress` by bytes. Throws
// Error{kCorruptData} where the bytes stay wrong, Error{kIo}, and as S3 does.
void download_objects(
    const S3& s3,
    const std::vector<Download>& objects,
    const TransferOptions& options = {},
    Progress* progress = nullptr);

// All objects below the folder `source` as files of the same names below
// `folder`; there may be none. Throws Error{kCorruptData} for keys that would
// leave the folder ("../").
[[nodiscard]] std::vector<Download> find_below(
    const S3& s3, const Location& source, const std::filesystem::path& folder);

// The same; throws Error{kNotFound} where there are none.
[[nodiscard]] std::vector<Download> objects_below(
    const S3& s3, const Location& source, const std::filesystem::path& folder);

// The bytes of all.
[[nodiscard]] int64_t total_bytes(const std::vector<Download>& objects);

}  // namespace nadir::store
