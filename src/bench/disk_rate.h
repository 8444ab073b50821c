// What the disk below a folder can do: one of the limits of a path.
#pragma once

#include <cstdint>
#include <filesystem>

namespace nadir::bench {

struct DiskRate {
  double write_gbyte_per_s = 0;  // past the page cache, and synchronised
  double read_gbyte_per_s = 0;   // after asking the kernel to drop its copy
  // Of the file, still in the page cache when it was read: what the file system
  // would not drop, so that the rate is memory's.
  double cached_share = 0;
};

// Writes a file of `num_bytes` in `folder`, reads it and removes it. Throws
// Error{kIo}.
[[nodiscard]] DiskRate measure_disk(
    const std::filesystem::path& folder, int64_t num_bytes);

}  // namespace nadir::bench
