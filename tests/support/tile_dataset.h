// Unlabelled tiles in memory, for tests of the training. Each has a level, a
// slope and waves of its own in every band, so that views of one tile resemble
// each other. Sums and products only: the same pixels on every machine.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "data/dataset.h"

namespace nadir {

class TileDataset : public data::Dataset {
 public:
  static constexpr int64_t kSide = 24;

  // 8-bit colour tiles for three bands, else float32 in [0, 1].
  explicit TileDataset(int64_t num_tiles, int64_t num_bands = 3)
      : bands_(names_of_bands(num_bands)) {
    for (int64_t i = 0; i < num_tiles; ++i) {
      names_.push_back(fmt::format("tile{}", i));
    }
  }

  // These tiles hold infinities (float32 ones only).
  void spoil(const std::set<int64_t>& tiles) { spoilt_tiles_ = tiles; }

  // These cannot be read.
  void damage(const std::set<int64_t>& tiles) { damaged_tiles_ = tiles; }

  [[nodiscard]] int64_t size() const override {
    return static_cast<int64_t>(names_.size());
  }

  [[nodiscard]] const std::string& name(int64_t index) const override {
    return names_[static_cast<size_t>(index)];
  }

  [[nodiscard]] const std::vector<std::string>& bands() const override {
    return bands_;
  }

  [[nodiscard]] const std::vector<std::string>& class_names() const override {
    return no_names_;
  }

  [[nodiscard]] bool is_multi_label() const override { return false; }

  [[nodiscard]] std::span<const uint8_t> labels(int64_t) const override {
    return {};
  }

  [[nodiscard]] const std::string& split(int64_t) const override {
    return no_split_;
  }

  [[nodiscard]] raster::Image read(int64_t index) const override {
    if (damaged_tiles_.contains(index)) {
      fail(ErrorCode::kCorruptData, "{} is cut short", name(index));
    }
    const auto num_bands = static_cast<int64_t>(bands_.size());
    const bool is_color = num_bands == 3;
    raster::Image image(
        num_bands,
        kSide,
        kSide,
        is_color ? raster::PixelType::kUint8 : raster::PixelType::kFloat32);
    for (int64_t band = 0; band < num_bands; ++band) {
      const auto plane = make_plane(index, band);
      for (size_t i = 0; i < plane.size(); ++i) {
        if (is_color) {
          image.band<uint8_t>(band)[i] = static_cast<uint8_t>(255 * plane[i]);
        } else {
          image.band<float>(band)[i] = static_cast<float>(plane[i]);
        }
      }
      if (!is_color && spoilt_tiles_.contains(index)) {
        for (float& pixel : image.band<float>(band)) {
          pixel = std::numeric_limits<float>::infinity();
        }
      }
    }
    return image;
  }

  [[nodiscard]] std::string description() const override { return "tiles"; }

 private:
  static std::vector<std::string> names_of_bands(int64_t count) {
    if (count == 3) {
      return {"R", "G", "B"};
    }
    std::vector<std::string> names;
    for (int64_t i = 0; i < count; ++i) {
      names.push_back(fmt::format("X{}", i));
    }
    return names;
  }

  // Period 1, between -0.5 and 0.5.
  static double triangle(double x) {
    return 2 * std::abs(x - std::floor(x) - 0.5) - 0.5;
  }

  static std::vector<double> make_plane(int64_t index, int64_t band) {
    RandomStream random(
        11,
        StreamPurpose::kTest,
        static_cast<uint64_t>(index),
        static_cast<uint64_t>(band));
    const double level = random.uniform(0.2, 0.8);
    const double slope_row = random.uniform(-0.2, 0.2);
    const double slope_col = random.uniform(-0.2, 0.2);
    const double wave = random.uniform(0.3, 1.5);
    std::vector<double> plane;
    for (int64_t i = 0; i < kSide * kSide; ++i) {
      const double row = static_cast<double>(i / kSide) / kSide;
      const double col = static_cast<double>(i % kSide) / kSide;
      const double value = level + slope_row * row + slope_col * col +
                           0.3 * triangle(4 * wave * (row + 2 * col)) +
                           random.uniform(-0.05, 0.05);
      plane.push_back(std::clamp(value, 0.0, 1.0));
    }
    return plane;
  }

  std::vector<std::string> bands_;
  std::vector<std::string> names_;
  std::vector<std::string> no_names_;
  std::string no_split_;
  std::set<int64_t> spoilt_tiles_;
  std::set<int64_t> damaged_tiles_;
};

}  // namespace nadir
