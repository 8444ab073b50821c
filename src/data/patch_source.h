// A stream of BigEarthNet patches from where the user keeps them: a folder or
// an archive (.tar, .tar.gz, .tar.zst, .tar.bz2) that is never unpacked.
// Layouts: BigEarthNet v1 and v2 (docs/formats/bigearthnet.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/remote_files.h"

namespace nadir::data {

// The files of one patch as bytes. `problem` is not empty if a file could not
// be read; then the rest may be incomplete.
struct PatchFiles {
  std::string name;
  std::string metadata_json;                 // "" where the layout has none
  std::map<std::string, std::string> bands;  // "B02" -> bytes of its GeoTIFF
  std::string problem;
};

// No file of a patch comes near this; a larger one is not read.
inline constexpr int64_t kMaxPatchFileBytes = int64_t{16} << 20;

// "X_B02.tif is larger than 16 MiB".
[[nodiscard]] std::string too_large_problem(const std::string& file);

struct PatchSourceOptions {
  // Bands to deliver; empty delivers no pixels (index needs only the JSON).
  std::vector<std::string> bands;
  bool needs_metadata = true;
  // Which patches to deliver, by name and place in the source's order (from
  // 0); the others are passed over, unread where the source allows it. Asked
  // once a patch. Null delivers all.
  std::function<bool(const std::string& name, int64_t place)> wants = nullptr;
  // For archives at s3://, which are read as they come.
  std::shared_ptr<store::RemoteFiles> remote = nullptr;
};

// Not thread-safe: one consumer. Patches come in the source's own order
// (sorted by name from a folder, archive order from an archive).
class PatchSource {
 public:
  virtual ~PatchSource() = default;

  // The next patch, or nothing at the end. A folder name that is no patch name
  // is skipped and counted. Throws Error{kCorruptData} where the archive
  // itself is damaged (truncated, bad checksum), naming the last good patch.
  [[nodiscard]] virtual std::optional<PatchFiles> next() = 0;

  // Patches in all, where known without reading everything (folders).
  [[nodiscard]] virtual std::optional<int64_t> count() const = 0;

  // Bytes read so far and in all (archives), for progress; 0 if unknown.
  [[nodiscard]] virtual int64_t bytes_read() const = 0;
  [[nodiscard]] virtual int64_t bytes_total() const = 0;

  // Folders or entries that are no patches.
  [[nodiscard]] virtual int64_t num_skipped() const = 0;
};

// Opens a folder or archive. Throws Error{kNotFound} or
// Error{kInvalidArgument} if `path` holds no BigEarthNet patches.
[[nodiscard]] std::unique_ptr<PatchSource> open_patch_source(
    const std::filesystem::path& path, const PatchSourceOptions& options);

}  // namespace nadir::data
