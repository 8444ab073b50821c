// The entries of a tar archive one after another, read as a stream: plain tar
// by a reader of our own that skips what nobody asks for, compressed ones
// through libarchive. Nothing is ever written to disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "store/byte_source.h"

namespace nadir::data {

enum class EntryKind { kFile, kFolder, kLink, kOther };

struct ArchiveEntry {
  std::string path;
  EntryKind kind = EntryKind::kOther;
  int64_t num_bytes = 0;
};

// Not thread-safe.
class ArchiveEntries {
 public:
  virtual ~ArchiveEntries() = default;

  // Moves on to the next entry; false at the end. Throws Error{kCorruptData}
  // if the archive is damaged or ends early.
  [[nodiscard]] virtual bool next(ArchiveEntry& entry) = 0;

  // The bytes of the entry that next() gave last; call it at most once for
  // each. Nothing, and no memory asked for, if there are more than
  // `max_bytes`. Throws as next() does.
  [[nodiscard]] virtual std::optional<std::string> read(int64_t max_bytes) = 0;

  // Bytes of the file that are behind us.
  [[nodiscard]] virtual int64_t position() const = 0;
};

// `reads_most` tells whether most entries will be read, so that skipping is
// not worth it. Throws Error{kInvalidArgument} if `file` is no archive that
// can be read (.tar, .tar.gz, .tar.zst, .tar.bz2).
[[nodiscard]] std::unique_ptr<ArchiveEntries> open_archive(
    std::unique_ptr<store::ByteSource> file, bool reads_most);

// Whether the file at `path` is an archive of the kinds above, or a zip (which
// is not read), by its ending or its first bytes.
[[nodiscard]] bool is_archive(const std::filesystem::path& path);

[[nodiscard]] bool is_zip(const std::filesystem::path& path);

}  // namespace nadir::data
