// Shards: LMDB environments whose keys are image names and whose values are
// safetensors blobs, as rico-hdl writes them (docs/formats/shards.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nadir::data {

// Writes environments folder/00000, folder/00001, ... and can go on where an
// earlier writer was interrupted. What commit() returned from is on the disk,
// whatever happens to the process. Not thread-safe; one writer a folder.
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

  // Stores the blob under `key` (1 to 511 bytes); it is visible to readers
  // after commit(). The key must not be there yet.
  void put(std::string_view key, std::string blob);

  void commit();

  // The committed blob under `key`, or nothing.
  [[nodiscard]] std::optional<std::string> find(std::string_view key) const;

  [[nodiscard]] bool has(std::string_view key) const;

  // Images committed or waiting.
  [[nodiscard]] int64_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Shards that are read, wherever they lie. Thread-safe after opening.
class Shards {
 public:
  virtual ~Shards() = default;

  // Images in all environments.
  [[nodiscard]] virtual int64_t size() const = 0;

  // Calls `use` with the blob in place, valid only inside the call; returns
  // false if there is no such key. Throws what `use` throws, Error{kIo} on
  // LMDB's errors.
  virtual bool read(
      std::string_view key,
      const std::function<void(std::string_view blob)>& use) const = 0;

  // Says that read() will ask for the key soon.
  virtual void expect(std::string_view key) const { (void)key; }

  // The files whose sizes and times tell whether anything has changed.
  [[nodiscard]] virtual const std::vector<std::filesystem::path>& files()
      const = 0;
};

// Reads environments by memory mapping, without locks: the files must not
// change meanwhile.
class ShardReader : public Shards {
 public:
  // `folder` is one environment (it holds data.mdb) or holds several. Throws
  // Error{kNotFound} if there is none, Error{kCorruptData} if one is damaged.
  explicit ShardReader(const std::filesystem::path& folder);
  ~ShardReader() override;
  ShardReader(const ShardReader&) = delete;
  ShardReader& operator=(const ShardReader&) = delete;

  [[nodiscard]] int64_t size() const override;

  bool read(
      std::string_view key,
      const std::function<void(std::string_view blob)>& use) const override;

  // The data.mdb of each environment.
  [[nodiscard]] const std::vector<std::filesystem::path>& files()
      const override;

  // All keys in their byte order within each environment.
  [[nodiscard]] std::vector<std::string> keys() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nadir::data
