// The check of a picture's header before its pixels are allocated.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "core/error.h"

namespace nadir::raster {

// No bound but that of check_claimed_size().
inline constexpr int64_t kAnySize = std::numeric_limits<int64_t>::max();

// Refuses, before anything is allocated, a file whose header claims far more
// pixels than any compression could have put into its `file_bytes`, or more
// than `max_bytes` of them. Throws Error{kCorruptData} naming the file.
inline void check_claimed_size(
    int64_t num_bands,
    int64_t height,
    int64_t width,
    int64_t bytes_per_value,
    size_t file_bytes,
    const std::string& name,
    int64_t max_bytes = kAnySize) {
  constexpr double kAlwaysAllowed = 1 << 26;
  constexpr double kLargestRatio = 2000;  // deflate's is 1032
  const double claimed =
      static_cast<double>(num_bands) * static_cast<double>(height) *
      static_cast<double>(width) * static_cast<double>(bytes_per_value);
  if (claimed > kAlwaysAllowed &&
      claimed > kLargestRatio * static_cast<double>(file_bytes)) {
    fail(
        ErrorCode::kCorruptData,
        "{}: the header claims {} band(s) of {} x {} pixels, the file has {} "
        "bytes",
        name,
        num_bands,
        height,
        width,
        file_bytes);
  }
  if (claimed > static_cast<double>(max_bytes)) {
    fail(
        ErrorCode::kCorruptData,
        "{}: {} band(s) of {} x {} pixels need more than the {} bytes that an "
        "image may have here",
        name,
        num_bands,
        height,
        width,
        max_bytes);
  }
}

}  // namespace nadir::raster
