// Shards: LMDB environments whose keys are image names and whose values are
// safetensors blobs, as rico-hdl writes them (docs/formats/shards.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nadir::data {

// An environment's file, as LMDB names it.
inline constexpr const char* kEnvironmentFile = "data.mdb";

// The folder of an environment, "00002" of `folder`.
[[nodiscard]] std::filesystem::path environment_path(
    const std::filesystem::path& folder, int64_t number);

// Environments of `folder` that are complete: 00000, 00001 and so on.
[[nodiscard]] int64_t count_environments(const std::filesystem::path& folder);

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

  // Has the kernel read the key's pages ahead, where they are not in memory.
  void expect(std::string_view key) const override;

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
