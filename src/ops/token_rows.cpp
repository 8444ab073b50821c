#include "ops/token_rows.h"

#include <algorithm>

namespace nadir::ops {

int64_t TokenLayout::num_images() const {
  int64_t count = 0;
  for (const TokenGroup& group : groups) {
    count += group.num_images;
  }
  return count;
}

int64_t TokenLayout::num_rows() const {
  int64_t count = 0;
  for (const TokenGroup& group : groups) {
    count += group.num_images * group.num_tokens;
  }
  return count;
}

KeptRows::KeptRows(const TokenLayout& layout, const float* factors) {
  int64_t row = 0;
  int64_t index = 0;
  for (const TokenGroup& group : layout.groups) {
    for (int64_t i = 0; i < group.num_images; ++i, ++index) {
      const float factor = factors == nullptr ? 1 : factors[index];
      if (factor != 0) {
        add({row, num_packed_rows_, group.num_tokens, factor});
      }
      row += group.num_tokens;
    }
  }
}

KeptRows KeptRows::first_tokens() const {
  KeptRows first;
  for (const KeptImage& image : images_) {
    first.add({image.row, first.num_packed_rows_, 1, image.factor});
  }
  return first;
}

void KeptRows::add(const KeptImage& image) {
  images_.push_back(image);
  num_packed_rows_ += image.num_tokens;
  if (!runs_.empty()) {
    RowRun& last = runs_.back();
    if (last.row + last.num_rows == image.row && last.factor == image.factor) {
      last.num_rows += image.num_tokens;
      return;
    }
  }
  runs_.push_back(
      {image.row, image.packed_row, image.num_tokens, image.factor});
}

size_t KeptRows::run_of(int64_t packed_row) const {
  const auto above = std::upper_bound(
      runs_.begin(), runs_.end(), packed_row, [](int64_t row, const auto& run) {
        return row < run.packed_row;
      });
  return above == runs_.begin()
             ? 0
             : static_cast<size_t>(above - runs_.begin()) - 1;
}

}  // namespace nadir::ops
