// Made-up embeddings with the shape of real ones: groups of very different
// sizes, each a curved sheet of few dimensions, and noise in all.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "core/random.h"
#include "search/embeddings.h"

namespace nadir::search {

class MadeEmbeddings {
 public:
  explicit MadeEmbeddings(int64_t width) : width_(width) {
    RandomStream random(1, StreamPurpose::kTest);
    const auto draw = [&](size_t count) {
      std::vector<float> values(count);
      for (float& value : values) {
        value = static_cast<float>(random.normal());
      }
      return values;
    };
    for (int64_t g = 0; g < kGroups; ++g) {
      centres_.push_back(draw(static_cast<size_t>(width)));
      sheets_.push_back(draw(static_cast<size_t>(width * kHidden)));
    }
  }

  // Image `index`; others from `kQueries` on, which no set contains.
  void make(int64_t index, float* row) const {
    RandomStream random(2, StreamPurpose::kTest, static_cast<uint64_t>(index));
    // The n-th group has a share of about 1 / n.
    const auto group = static_cast<size_t>(
        std::pow(static_cast<double>(kGroups + 1), random.uniform()) - 1);
    std::vector<float> hidden;
    for (int64_t h = 0; h < kHidden; ++h) {
      const double scale = 1 / std::sqrt(1 + static_cast<double>(h) / 4);
      hidden.push_back(static_cast<float>(scale * random.normal()));
    }
    const float* const centre = centres_[group].data();
    const float* sheet = sheets_[group].data();
    for (int64_t j = 0; j < width_; ++j, sheet += kHidden) {
      float sum = 0;
      for (int64_t h = 0; h < kHidden; ++h) {
        sum += sheet[h] * hidden[static_cast<size_t>(h)];
      }
      row[j] = centre[j] + std::tanh(sum / 2) +
               0.1F * static_cast<float>(random.normal());
    }
  }

  [[nodiscard]] Embeddings set(int64_t count) const {
    std::vector<std::string> names;
    for (int64_t i = 0; i < count; ++i) {
      names.push_back("image " + std::to_string(i));
    }
    std::vector<float> values(static_cast<size_t>(count * width_));
    parallel_for(count, 256, 0, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        make(i, values.data() + i * width_);
      }
    });
    return {std::move(names), width_, std::move(values), true};
  }

  [[nodiscard]] std::vector<float> query(
      const Embeddings& embeddings, int64_t index) const {
    constexpr int64_t kQueries = int64_t{1} << 40;
    std::vector<float> row(static_cast<size_t>(width_));
    make(kQueries + index, row.data());
    return embeddings.direction_of(row);
  }

 private:
  static constexpr int64_t kGroups = 400;
  static constexpr int64_t kHidden = 24;

  int64_t width_;
  std::vector<std::vector<float>> centres_;
  std::vector<std::vector<float>> sheets_;  // [width, kHidden] each
};

}  // namespace nadir::search
