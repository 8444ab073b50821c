// Files and folders into S3: parts side by side, checksums from the file to the
// service.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "store/s3.h"

namespace nadir::store {

struct TransferOptions {
  int num_connections = 16;
  // Of a part; larger where an object would have more than 10,000.
  int64_t part_bytes = 8 << 20;
};

// A file and where it goes, or came from.
struct Transfer {
  std::filesystem::path path;
  Location location;
};

// Copies the files. An object is there as a whole or not at all; where a file
// fails, the others of its time may be there. Advances `progress` by bytes.
// Throws Error{kIo} where a file cannot be read or is cut short meanwhile, and
// as S3 does.
void upload_files(
    const S3& s3,
    const std::vector<Transfer>& files,
    const TransferOptions& options = {},
    Progress* progress = nullptr);

// All files below the folder, to the same names below `target`.
[[nodiscard]] std::vector<Transfer> files_below(
    const std::filesystem::path& folder, const Location& target);

// The bytes of all, as the files are now. Throws std::filesystem_error.
[[nodiscard]] int64_t total_bytes(const std::vector<Transfer>& files);

}  // namespace nadir::store
