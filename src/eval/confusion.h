// Scores of segmentation from counts of pixels: intersection over union,
// accuracy, and their bootstrap over images. Plain numbers, no LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "eval/metrics.h"

namespace nadir::eval {

// Class of a pixel that is not judged; classes are 0 .. 254.
inline constexpr uint8_t kIgnoredPixel = 255;

// How many pixels of each class were taken for which: scikit-learn's
// confusion_matrix, rows are the truth.
class Confusion {
 public:
  explicit Confusion(int64_t num_classes)
      : num_classes_(num_classes), counts_(num_classes * num_classes, 0) {}

  // Counts pixels whose truth is not kIgnoredPixel. Throws
  // Error{kInvalidArgument} on unequal lengths or a class out of range.
  void add(std::span<const uint8_t> truth, std::span<const uint8_t> predicted);
  // Adds `times` times the counts of another matrix of as many classes.
  void add(const Confusion& other, int64_t times = 1);

  [[nodiscard]] int64_t num_classes() const { return num_classes_; }

  [[nodiscard]] int64_t at(int64_t truth, int64_t predicted) const {
    return counts_[truth * num_classes_ + predicted];
  }

  // Pixels of the class in the truth, and in the prediction.
  [[nodiscard]] int64_t support(int64_t index) const;
  [[nodiscard]] int64_t num_predicted(int64_t index) const;
  [[nodiscard]] int64_t total() const;

  // True positives over the union of truth and prediction; nothing for a class
  // that no pixel of the truth has.
  [[nodiscard]] std::optional<double> iou(int64_t index) const;
  // The mean over the classes that have one; nothing without any.
  [[nodiscard]] std::optional<double> mean_iou() const;
  // Share of the judged pixels that are right; nothing without any.
  [[nodiscard]] std::optional<double> accuracy() const;
  // 0 where a quotient is 0/0.
  [[nodiscard]] double precision(int64_t index) const;
  [[nodiscard]] double recall(int64_t index) const;

 private:
  int64_t num_classes_;
  std::vector<int64_t> counts_;  // [truth, predicted]
};

// The sum of all; `images` must not be empty.
[[nodiscard]] Confusion sum_of(std::span<const Confusion> images);

struct ConfusionIntervals {
  std::optional<Interval> mean_iou;
  std::optional<Interval> accuracy;
};

// Percentile bootstrap over images, each with its own matrix, as
// bootstrap_average_precision(). Nothing where num_resamples is 0.
[[nodiscard]] ConfusionIntervals bootstrap_confusion(
    std::span<const Confusion> images,
    int64_t num_resamples,
    double confidence,
    uint64_t seed);

}  // namespace nadir::eval
