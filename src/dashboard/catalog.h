// The images of a dataset with all that is known of them without looking.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "data/dataset.h"
#include "eval/footprints.h"

namespace nadir::dashboard {

// Of one image; "" and nothing where the data does not say.
struct ImageFacts {
  std::string country;
  std::string season;
  std::string date;  // "2017-06-13 10:10:31", or the day alone
  std::optional<bool> has_snow;
  std::optional<bool> has_cloud;
};

// One of at most 254 values for each image; 255 is none.
struct Colouring {
  std::vector<std::string> values;
  std::vector<uint8_t> codes;
};

// Images count from 0, as in the dataset. Const functions may be called from
// any thread.
class Catalog {
 public:
  // Facts come from `index` (docs/formats/index.md), else from the
  // index.parquet of a dataset folder, else from the names of Sentinel-2
  // patches. Throws Error{kCorruptData} where the index is no such table.
  Catalog(
      std::shared_ptr<const data::Dataset> dataset,
      const std::string& data_path,
      const std::string& index);

  [[nodiscard]] int64_t size() const { return dataset_->size(); }

  [[nodiscard]] const data::Dataset& dataset() const { return *dataset_; }

  [[nodiscard]] std::shared_ptr<const data::Dataset> shared_dataset() const {
    return dataset_;
  }

  [[nodiscard]] const ImageFacts& facts(int64_t id) const {
    return facts_[static_cast<size_t>(id)];
  }

  [[nodiscard]] std::optional<int64_t> find(const std::string& name) const;

  // Names of the image's classes in label order.
  [[nodiscard]] std::vector<std::string> labels(int64_t id) const;

  [[nodiscard]] bool has_label(int64_t id, int64_t class_index) const;

  // Throws Error{kNotFound} naming the class.
  [[nodiscard]] int64_t class_index(const std::string& name) const;

  // By "class" (the first of several; values in label order), "country",
  // "season" or "split" (in the order of the alphabet). Throws
  // Error{kInvalidArgument}.
  // Made at the first call for each.
  [[nodiscard]] const Colouring& colouring(const std::string& by) const;

  [[nodiscard]] bool has_footprints() const;

  // Rings in degrees, an entry an image; made at the first call, which takes
  // seconds where there are hundreds of thousands.
  [[nodiscard]] const std::vector<std::optional<eval::Ring>>& footprints()
      const;

 private:
  void read_index(const std::string& path);
  void read_names();
  [[nodiscard]] Colouring make_colouring(const std::string& by) const;
  [[nodiscard]] Colouring class_colouring() const;

  std::shared_ptr<const data::Dataset> dataset_;
  std::vector<ImageFacts> facts_;
  std::unordered_map<std::string, int64_t> ids_;
  mutable std::mutex colourings_mutex_;
  mutable std::map<std::string, Colouring> colourings_;
  mutable std::once_flag footprints_once_;
  mutable std::vector<std::optional<eval::Ring>> footprints_;
};

}  // namespace nadir::dashboard
