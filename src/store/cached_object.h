// An object that is read here and there, again and again, as shards are: what
// was fetched once stays in a local file, as far as there is room.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "store/byte_source.h"
#include "store/s3.h"

namespace nadir::store {

// Room for the bytes of several cached objects of one process. Thread-safe.
class CacheRoom {
 public:
  explicit CacheRoom(int64_t max_bytes) : num_left_(max_bytes) {}

  // Takes the bytes, or nothing where they do not fit.
  [[nodiscard]] bool take(int64_t num_bytes) {
    int64_t left = num_left_.load();
    while (left >= num_bytes) {
      if (num_left_.compare_exchange_weak(left, left - num_bytes)) {
        return true;
      }
    }
    return false;
  }

  void give_back(int64_t num_bytes) { num_left_ += num_bytes; }

 private:
  std::atomic<int64_t> num_left_;
};

// The file has the object's size and holes where nothing has been fetched; a
// map of its pages beside it (".pages") says what is there, for the next
// process too. Several processes of one host may share both. What no longer
// fits is fetched again whenever it is read: with a fixed part of the pages
// here, random reads find as large a part of them. Thread-safe.
class CachedObject : public ByteSource {
 public:
  // Opens what an earlier process left at `file`, if it is of this version of
  // the object and this start of the host, else begins anew. Throws Error{kIo}.
  CachedObject(
      std::shared_ptr<const S3> s3,
      Location location,
      ObjectInfo object,
      const std::filesystem::path& file,
      std::shared_ptr<CacheRoom> room);
  ~CachedObject() override;
  CachedObject(const CachedObject&) = delete;
  CachedObject& operator=(const CachedObject&) = delete;

  [[nodiscard]] const std::string& name() const override { return name_; }

  [[nodiscard]] int64_t num_bytes() const override { return object_.num_bytes; }

  int64_t read(int64_t begin, int64_t size, char* out) override;

  // Whether all of the range is in the file.
  [[nodiscard]] bool has(int64_t begin, int64_t size) const;

  // Bytes fetched by this process.
  [[nodiscard]] int64_t num_fetched() const { return num_fetched_; }

 private:
  void open_map(const std::filesystem::path& path);
  bool take_room(int64_t num_bytes);
  // The missing pages of the range, as one range that covers them.
  [[nodiscard]] std::pair<int64_t, int64_t> missing(
      int64_t begin, int64_t size) const;
  [[nodiscard]] std::string fetch(int64_t begin, int64_t size);
  void keep(int64_t begin, const std::string& bytes);

  std::shared_ptr<const S3> s3_;
  Location location_;
  std::string name_;
  ObjectInfo object_;
  std::shared_ptr<CacheRoom> room_;
  int file_ = -1;
  std::atomic<uint8_t>* pages_ = nullptr;  // a bit a page, mapped
  size_t map_bytes_ = 0;
  std::atomic<int64_t> num_fetched_ = 0;
  std::atomic<int64_t> num_taken_ = 0;  // of the room
};

}  // namespace nadir::store
