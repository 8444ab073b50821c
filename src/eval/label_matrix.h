// Truth of a set of images as multi-hot rows; a single-label row has one 1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace nadir::eval {

struct LabelMatrix {
  int64_t num_images = 0;
  int64_t num_classes = 0;
  std::vector<uint8_t> values;  // row-major, 0 or 1

  [[nodiscard]] std::span<const uint8_t> row(int64_t image) const {
    return {
        values.data() + image * num_classes, static_cast<size_t>(num_classes)};
  }
};

}  // namespace nadir::eval
