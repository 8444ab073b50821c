// An LMDB environment while it is written: values one behind another, at the
// disk's own pace, and the tree of keys once at the end. Until then the folder
// holds no data.mdb but data.mdb.part, and data.mdb.jsonl, which lists what is
// there (docs/formats/shards.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/shard_value.h"

namespace nadir::data {

// Goes on where an earlier one was interrupted, whatever ended it: a value
// whose SHA-256 is not the one listed counts as not there. Values pass by the
// page cache where the file system allows it (O_DIRECT). Not thread-safe, but
// find() may be called by several threads while nothing else is.
class GrowingEnvironment {
 public:
  // Makes the folder. Throws Error{kIo}.
  explicit GrowingEnvironment(const std::filesystem::path& folder);
  ~GrowingEnvironment();
  GrowingEnvironment(const GrowingEnvironment&) = delete;
  GrowingEnvironment& operator=(const GrowingEnvironment&) = delete;

  // Throws Error{kIo}; what was there before stays readable.
  void append(std::vector<ShardEntry> entries);

  [[nodiscard]] std::optional<ShardEntry> find(std::string_view key) const;

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(places_.size());
  }

  [[nodiscard]] int64_t file_bytes() const;

  // Completes the environment on the disk and gives it its name. The object is
  // spent afterwards. Of one value at least. Throws Error{kIo}; then the
  // environment goes on growing.
  void finish();

 private:
  struct Place {
    int64_t page = 0;
    int64_t num_bytes = 0;
    std::string sha256;
  };

  [[nodiscard]] static std::string line_of(
      const std::string& key, const Place& place);
  void read_list();
  void write_list(const std::string& lines);
  void write_pages(const std::vector<std::span<char>>& parts, int64_t page);
  void close();
  [[noreturn]] void fail_io(const std::filesystem::path& path) const;

  std::filesystem::path folder_;
  std::filesystem::path pages_path_;
  std::filesystem::path list_path_;
  std::map<std::string, Place, std::less<>> places_;
  int64_t next_page_ = 0;
  int pages_file_ = -1;
  int list_file_ = -1;
};

}  // namespace nadir::data
