// Vectors of one width, one behind the other, that somebody else holds.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace nadir::search {

struct Vectors {
  const float* values = nullptr;
  int64_t size = 0;
  int64_t width = 0;

  [[nodiscard]] std::span<const float> row(int64_t row) const {
    return {values + row * width, static_cast<size_t>(width)};
  }
};

// Told how many more vectors are done. From any thread, several at once; may
// throw, which ends the work.
using OnVectors = std::function<void(int64_t count)>;

}  // namespace nadir::search
