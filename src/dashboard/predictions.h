// What a probe said of images, beside what is true of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dashboard/catalog.h"
#include "eval/metrics.h"

namespace nadir::dashboard {

// Const functions may be called from any thread.
class Predictions {
 public:
  // What `nadir predict` wrote as Parquet, of images of the catalog; others are
  // passed over. Throws as table::read_parquet() does, and
  // Error{kInvalidArgument} where no image is the catalog's, or a class is not.
  static Predictions read(
      const std::filesystem::path& path, const Catalog& catalog);

  [[nodiscard]] const std::vector<std::string>& class_names() const {
    return class_names_;
  }

  // One a class; empty where one class an image is predicted.
  [[nodiscard]] const std::vector<double>& thresholds() const {
    return thresholds_;
  }

  // Images with predictions, by their ids in the catalog.
  [[nodiscard]] const std::vector<int64_t>& ids() const { return ids_; }

  // The place of an image in ids().
  [[nodiscard]] std::optional<int64_t> find(int64_t id) const;

  // Of the image at `place` in ids().
  [[nodiscard]] double probability(int64_t place, int64_t class_index) const;
  [[nodiscard]] bool is_predicted(int64_t place, int64_t class_index) const;
  [[nodiscard]] bool is_true(int64_t place, int64_t class_index) const;

  // The mean over classes of |truth - probability|: 0 is perfect.
  [[nodiscard]] double error(int64_t place) const;

  // Of an image by its id; NaN where it has no predictions.
  [[nodiscard]] float error_of_id(int64_t id) const;

  [[nodiscard]] std::vector<std::string> predicted(int64_t place) const;

  // Probabilities and truth, a row a place.
  [[nodiscard]] const eval::ScoredLabels& scored() const { return scored_; }

 private:
  Predictions() = default;

  std::vector<std::string> class_names_;
  std::vector<double> thresholds_;
  std::vector<int64_t> ids_;
  std::vector<int32_t> places_;  // by id, -1 without predictions
  eval::ScoredLabels scored_;
  std::vector<uint8_t> predicted_;  // as scored_.labels
};

}  // namespace nadir::dashboard
