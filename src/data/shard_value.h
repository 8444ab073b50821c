// The bytes of one image as a shard's file holds them: on whole pages, behind
// a page's header, so that they go to the disk from where they were made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/direct_io.h"

namespace nadir::data {

// Owns its pages; moves, does not copy. Aligned as O_DIRECT wants it.
class ShardValue {
 public:
  // Room for `num_bytes` bytes that are not set yet.
  explicit ShardValue(int64_t num_bytes);

  // A copy of `bytes`.
  explicit ShardValue(std::string_view bytes);

  [[nodiscard]] int64_t num_bytes() const { return num_bytes_; }

  [[nodiscard]] char* data();

  [[nodiscard]] std::string_view bytes() const;

  // All of its pages, header and the zeros behind the bytes included.
  [[nodiscard]] std::span<char> pages();

 private:
  int64_t num_bytes_;
  DirectBytes pages_;
};

struct ShardEntry {
  std::string key;  // the image's name
  ShardValue value;
  std::string sha256;  // of the value's bytes
};

}  // namespace nadir::data
