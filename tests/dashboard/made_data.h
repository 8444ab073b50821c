// Six images of three classes with places, predictions and embeddings.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "table/parquet.h"

namespace nadir::dashboard {

// Bands "B04","B03","B02","B08"; image i has class i % 3, and images 4 and 5
// the class "water" besides; all lie in EPSG:32633 but the last.
class MadeDataset : public data::Dataset {
 public:
  [[nodiscard]] int64_t size() const override { return 6; }

  [[nodiscard]] const std::string& name(int64_t index) const override {
    return names_[static_cast<size_t>(index)];
  }

  [[nodiscard]] const std::vector<std::string>& bands() const override {
    return bands_;
  }

  [[nodiscard]] const std::vector<std::string>& class_names() const override {
    return classes_;
  }

  [[nodiscard]] bool is_multi_label() const override { return true; }

  [[nodiscard]] std::span<const uint8_t> labels(int64_t index) const override {
    return {labels_.data() + 3 * index, 3};
  }

  [[nodiscard]] const std::string& split(int64_t index) const override {
    return splits_[index % 2];
  }

  [[nodiscard]] raster::Image read(int64_t index) const override;

  [[nodiscard]] std::optional<std::string> geometry_wkb(
      int64_t index) const override;

  [[nodiscard]] std::string crs() const override { return "EPSG:32633"; }

  [[nodiscard]] std::string description() const override { return "made data"; }

 private:
  std::vector<std::string> names_ = {
      "S2A_MSIL2A_20170613T101031_12_56",
      "<img src=x onerror=alert(1)>",
      "c\"d,e",
      "=f()",
      "g",
      "h"};
  std::vector<std::string> bands_ = {"B04", "B03", "B02", "B08"};
  std::vector<std::string> classes_ = {"forest", "labels", "water"};
  std::vector<uint8_t> labels_ = {
      1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 1};
  std::string splits_[2] = {"train", "test"};
};

// Writes `nadir predict`'s file for images 0 .. 4 and one of elsewhere.
void write_made_predictions(const std::filesystem::path& path);

}  // namespace nadir::dashboard
