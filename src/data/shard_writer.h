// Writes shards (data/shards.h reads them).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "data/growing_environment.h"
#include "data/shard_value.h"
#include "data/shards.h"

namespace nadir::data {

// Writes environments folder/00000, folder/00001, ... and can go on where an
// earlier writer was interrupted: what commit() returned from is found again,
// whatever happened to the process. Readers see what is finished. Not
// thread-safe, but find() may be called by several threads while nothing else
// is; one writer a folder.
class ShardWriter {
 public:
  struct Options {
    // A new environment is begun where the last one's file is larger.
    int64_t max_environment_bytes = int64_t{16} << 30;
    // put() commits when this much waits in memory.
    int64_t max_pending_bytes = int64_t{64} << 20;
  };

  // Throws Error{kIo} if the folder cannot be written or another process
  // writes to it, Error{kCorruptData} if an environment there is damaged.
  ShardWriter(const std::filesystem::path& folder, const Options& options);
  ~ShardWriter();
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;

  // Stores the entry under its key (1 to 511 bytes), which find() must not
  // know, by the next commit().
  void put(ShardEntry entry);

  // Throws Error{kIo}; what was committed before stays.
  void commit();

  // Commits and completes the last environment; a later put() begins another.
  void finish();

  // What was committed under `key`, or nothing.
  [[nodiscard]] std::optional<ShardEntry> find(std::string_view key) const;

  // Images committed or waiting.
  [[nodiscard]] int64_t size() const;

 private:
  void finish_environment();

  std::filesystem::path folder_;
  Options options_;
  int lock_ = -1;
  std::unique_ptr<ShardReader> finished_;  // null while none is
  std::unique_ptr<GrowingEnvironment> growing_;
  std::vector<ShardEntry> pending_;
  int64_t pending_bytes_ = 0;
};

}  // namespace nadir::data
