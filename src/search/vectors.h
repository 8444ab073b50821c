// Vectors of one width, one behind the other, that somebody else holds.
#pragma once

#include <cstdint>
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

}  // namespace nadir::search
