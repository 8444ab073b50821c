// Labelled colour images in memory: class c is brightest in band c.
#pragma once

#include <string>
#include <vector>

#include "core/random.h"
#include "data/dataset.h"

namespace nadir::eval {

class FakeDataset : public data::Dataset {
 public:
  FakeDataset(int64_t num_images, bool is_multi_label, bool has_splits)
      : is_multi_label_(is_multi_label) {
    RandomStream random(3, StreamPurpose::kTest);
    for (int64_t i = 0; i < num_images; ++i) {
      names_.push_back("image" + std::to_string(i));
      splits_.push_back(
          !has_splits  ? ""
          : i % 4 == 0 ? "test"
          : i % 4 == 1 ? "validation"
                       : "train");
      std::vector<uint8_t> row(3, 0);
      row[random.uniform_int(3)] = 1;
      if (is_multi_label && random.uniform() < 0.5) {
        row[random.uniform_int(3)] = 1;
      }
      labels_.push_back(row);
    }
  }

  [[nodiscard]] int64_t size() const override {
    return static_cast<int64_t>(names_.size());
  }

  [[nodiscard]] const std::string& name(int64_t index) const override {
    return names_[index];
  }

  [[nodiscard]] const std::vector<std::string>& bands() const override {
    return bands_;
  }

  [[nodiscard]] const std::vector<std::string>& class_names() const override {
    return classes_;
  }

  [[nodiscard]] bool is_multi_label() const override { return is_multi_label_; }

  [[nodiscard]] std::span<const uint8_t> labels(int64_t index) const override {
    return labels_[index];
  }

  [[nodiscard]] const std::string& split(int64_t index) const override {
    return splits_[index];
  }

  [[nodiscard]] raster::Image read(int64_t index) const override {
    constexpr int64_t kSide = 20;
    raster::Image image(3, kSide, kSide, raster::PixelType::kUint8);
    RandomStream random(4, StreamPurpose::kTest, static_cast<uint64_t>(index));
    for (int64_t band = 0; band < 3; ++band) {
      for (uint8_t& pixel : image.band<uint8_t>(band)) {
        pixel = static_cast<uint8_t>(
            40 + random.uniform_int(60) + (labels_[index][band] != 0 ? 90 : 0));
      }
    }
    return image;
  }

  [[nodiscard]] std::optional<std::string> geometry_wkb(
      int64_t index) const override {
    (void)index;
    return footprint_;
  }

  [[nodiscard]] std::string crs() const override {
    return footprint_ ? "EPSG:32632" : "";
  }

  [[nodiscard]] std::vector<std::filesystem::path> files(
      int64_t index) const override {
    (void)index;
    return files_;
  }

  [[nodiscard]] std::string description() const override {
    return description_;
  }

  std::vector<std::string> classes_ = {"red", "green", "blue"};
  std::vector<std::string> splits_;
  std::vector<std::vector<uint8_t>> labels_;
  std::optional<std::string> footprint_;
  std::vector<std::filesystem::path> files_;  // of every image
  std::string description_ = "fake images";

 private:
  bool is_multi_label_;
  std::vector<std::string> bands_ = {"R", "G", "B"};
  std::vector<std::string> names_;
};

}  // namespace nadir::eval
