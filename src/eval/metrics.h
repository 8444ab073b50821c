// Scores of predictions: average precision exactly as scikit-learn's
// average_precision_score, top-k accuracy, F1 at thresholds, and bootstrap
// intervals. Plain numbers, no LibTorch.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace nadir::eval {

// Scores and truth of N images and C classes, both row-major [N, C]; labels
// are 0 or 1. Higher scores mean more likely; any monotone scale serves AP.
struct ScoredLabels {
  int64_t num_images = 0;
  int64_t num_classes = 0;
  std::vector<double> scores;
  std::vector<uint8_t> labels;

  [[nodiscard]] std::vector<double> class_scores(int64_t index) const;
  [[nodiscard]] std::vector<uint8_t> class_labels(int64_t index) const;
};

// Sum over distinct scores, from the highest, of (R_i - R_{i-1}) * P_i; equal
// scores enter together. Nothing where no label is 1. Throws
// Error{kInvalidArgument} on unequal lengths or a score that is NaN.
[[nodiscard]] std::optional<double> average_precision(
    std::span<const uint8_t> labels, std::span<const double> scores);

struct AveragePrecision {
  std::vector<std::optional<double>> per_class;  // nothing: no positives
  std::vector<int64_t> num_positives;
  std::optional<double> macro;  // mean over the classes that have an AP
  std::optional<double> micro;  // all classes flattened over the whole set
};

[[nodiscard]] AveragePrecision score_average_precision(
    const ScoredLabels& scored);

// Points of the curve that average_precision() sums, from the highest score
// on; the last one has recall 1.
struct PrecisionRecall {
  std::vector<double> recall;
  std::vector<double> precision;
};

// The first point that reaches each of max_points equally spaced recalls, each
// once. No points where no label is 1. Throws as average_precision().
[[nodiscard]] PrecisionRecall precision_recall_curve(
    std::span<const uint8_t> labels,
    std::span<const double> scores,
    int64_t max_points);

struct Interval {
  double low = 0;
  double high = 0;
};

struct AveragePrecisionInterval {
  std::optional<Interval> macro;
  std::optional<Interval> micro;
};

// Percentile bootstrap over images: `num_resamples` sets of N images drawn
// with replacement from streams of `seed`; e.g. confidence 0.95. A class
// without positives in a resample is left out of that resample's macro AP.
// Takes O(num_resamples * N * C). Nothing where num_resamples is 0.
[[nodiscard]] AveragePrecisionInterval bootstrap_average_precision(
    const ScoredLabels& scored,
    int64_t num_resamples,
    double confidence,
    uint64_t seed);

// Share of images whose class is among the k best scored; of equal scores the
// lower class index comes first. Every image must have exactly one label.
[[nodiscard]] double top_k_accuracy(const ScoredLabels& scored, int64_t k);

// The same interval for top-1 accuracy.
[[nodiscard]] std::optional<Interval> bootstrap_accuracy(
    const ScoredLabels& scored,
    int64_t num_resamples,
    double confidence,
    uint64_t seed);

// Per class the threshold with the best F1, where score >= threshold predicts
// the class: half way between two neighbouring scores, so that it does not sit
// on one. Of equal F1 the highest threshold. 0.5 for a class without positives.
[[nodiscard]] std::vector<double> best_f1_thresholds(
    const ScoredLabels& scored);

// 0 where a quotient is 0/0, as scikit-learn with zero_division=0.
struct Counts {
  int64_t true_positives = 0;
  int64_t false_positives = 0;
  int64_t false_negatives = 0;

  [[nodiscard]] double precision() const;
  [[nodiscard]] double recall() const;
  [[nodiscard]] double f1() const;
};

struct ThresholdScores {
  std::vector<Counts> per_class;
  double f1_macro = 0;  // over classes with positives
  double f1_micro = 0;
};

// Images of class c that were given class p, at c * C + p, where score >=
// threshold gives a class. Of single labels, the best scored class being
// given alone, the confusion matrix. Throws as score_at_thresholds().
[[nodiscard]] std::vector<int64_t> count_co_occurrences(
    const ScoredLabels& scored, std::span<const double> thresholds);

// Throws Error{kInvalidArgument} unless there is one threshold a class.
[[nodiscard]] ThresholdScores score_at_thresholds(
    const ScoredLabels& scored, std::span<const double> thresholds);

}  // namespace nadir::eval
