#include "eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace nadir::eval {

namespace {

// Indices by score, highest first. Sorting (score, index) pairs keeps the keys
// in one cache line with what they belong to.
std::vector<std::pair<double, int64_t>> sorted_scores(
    std::span<const double> scores) {
  std::vector<std::pair<double, int64_t>> sorted(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    NADIR_CHECK(
        !std::isnan(scores[i]),
        "score {} is NaN: average precision needs an order",
        i);
    sorted[i] = {scores[i], static_cast<int64_t>(i)};
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.first > b.first || (a.first == b.first && a.second < b.second);
  });
  return sorted;
}

double quotient(double numerator, double denominator) {
  return denominator > 0 ? numerator / denominator : 0;
}

std::optional<double> mean_of_present(
    const std::vector<std::optional<double>>& values) {
  double sum = 0;
  int64_t count = 0;
  for (const auto& value : values) {
    if (value) {
      sum += *value;
      ++count;
    }
  }
  if (count == 0) {
    return std::nullopt;
  }
  return sum / static_cast<double>(count);
}

}  // namespace

std::vector<double> ScoredLabels::class_scores(int64_t index) const {
  std::vector<double> column(num_images);
  for (int64_t n = 0; n < num_images; ++n) {
    column[n] = scores[n * num_classes + index];
  }
  return column;
}

std::vector<uint8_t> ScoredLabels::class_labels(int64_t index) const {
  std::vector<uint8_t> column(num_images);
  for (int64_t n = 0; n < num_images; ++n) {
    column[n] = labels[n * num_classes + index];
  }
  return column;
}

std::optional<double> average_precision(
    std::span<const uint8_t> labels, std::span<const double> scores) {
  NADIR_CHECK(
      labels.size() == scores.size(),
      "average precision needs one score a label, got {} labels and {} scores",
      labels.size(),
      scores.size());
  const int64_t num_positives = std::count(labels.begin(), labels.end(), 1);
  if (num_positives == 0) {
    return std::nullopt;
  }
  const auto sorted = sorted_scores(scores);
  double sum = 0;
  int64_t hits = 0;
  int64_t previous_hits = 0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    hits += labels[sorted[i].second];
    const bool is_last_of_tie =
        i + 1 == sorted.size() || sorted[i + 1].first != sorted[i].first;
    if (is_last_of_tie && hits > previous_hits) {
      const double precision =
          static_cast<double>(hits) / static_cast<double>(i + 1);
      sum += static_cast<double>(hits - previous_hits) * precision;
      previous_hits = hits;
    }
  }
  return sum / static_cast<double>(num_positives);
}

PrecisionRecall precision_recall_curve(
    std::span<const uint8_t> labels,
    std::span<const double> scores,
    int64_t max_points) {
  NADIR_CHECK(
      labels.size() == scores.size() && max_points >= 1,
      "a curve needs one score a label and a point, got {} labels, {} scores "
      "and {} points",
      labels.size(),
      scores.size(),
      max_points);
  PrecisionRecall curve;
  const int64_t num_positives = std::count(labels.begin(), labels.end(), 1);
  const auto sorted = sorted_scores(scores);
  int64_t hits = 0;
  int64_t next = 1;  // recall next / max_points is the next to reach
  for (size_t i = 0; i < sorted.size() && num_positives > 0; ++i) {
    hits += labels[sorted[i].second];
    const bool is_last_of_tie =
        i + 1 == sorted.size() || sorted[i + 1].first != sorted[i].first;
    if (!is_last_of_tie || hits * max_points < next * num_positives) {
      continue;
    }
    curve.recall.push_back(
        static_cast<double>(hits) / static_cast<double>(num_positives));
    curve.precision.push_back(
        static_cast<double>(hits) / static_cast<double>(i + 1));
    next = hits * max_points / num_positives + 1;
  }
  return curve;
}

AveragePrecision score_average_precision(const ScoredLabels& scored) {
  AveragePrecision result;
  for (int64_t c = 0; c < scored.num_classes; ++c) {
    const auto labels = scored.class_labels(c);
    result.per_class.push_back(
        average_precision(labels, scored.class_scores(c)));
    result.num_positives.push_back(std::count(labels.begin(), labels.end(), 1));
  }
  result.macro = mean_of_present(result.per_class);
  result.micro = average_precision(scored.labels, scored.scores);
  return result;
}

double top_k_accuracy(const ScoredLabels& scored, int64_t k) {
  NADIR_CHECK(k >= 1, "top-k accuracy needs k >= 1, got {}", k);
  NADIR_CHECK(scored.num_images > 0, "top-k accuracy needs images, got none");
  int64_t hits = 0;
  for (int64_t n = 0; n < scored.num_images; ++n) {
    const double* row = scored.scores.data() + n * scored.num_classes;
    const uint8_t* labels = scored.labels.data() + n * scored.num_classes;
    const int64_t num_labels =
        std::accumulate(labels, labels + scored.num_classes, int64_t{0});
    NADIR_CHECK(
        num_labels == 1,
        "top-k accuracy needs exactly one label an image, image {} has {}",
        n,
        num_labels);
    const int64_t truth =
        std::find(labels, labels + scored.num_classes, 1) - labels;
    int64_t num_before = 0;
    for (int64_t c = 0; c < scored.num_classes; ++c) {
      num_before +=
          row[c] > row[truth] || (row[c] == row[truth] && c < truth) ? 1 : 0;
    }
    hits += num_before < k ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(scored.num_images);
}

std::vector<double> best_f1_thresholds(const ScoredLabels& scored) {
  std::vector<double> thresholds(scored.num_classes, 0.5);
  for (int64_t c = 0; c < scored.num_classes; ++c) {
    const auto labels = scored.class_labels(c);
    const int64_t num_positives = std::count(labels.begin(), labels.end(), 1);
    if (num_positives == 0) {
      continue;
    }
    const auto sorted = sorted_scores(scored.class_scores(c));
    double best = -1;
    int64_t hits = 0;
    for (size_t i = 0; i < sorted.size(); ++i) {
      hits += labels[sorted[i].second];
      const bool is_end = i + 1 == sorted.size();
      if (!is_end && sorted[i + 1].first == sorted[i].first) {
        continue;
      }
      const double f1 =
          2.0 * static_cast<double>(hits) /
          static_cast<double>(num_positives + static_cast<int64_t>(i) + 1);
      if (f1 > best) {
        best = f1;
        thresholds[c] =
            is_end ? sorted[i].first
                   : std::midpoint(sorted[i].first, sorted[i + 1].first);
      }
    }
  }
  return thresholds;
}

double Counts::precision() const {
  return quotient(
      static_cast<double>(true_positives),
      static_cast<double>(true_positives + false_positives));
}

double Counts::recall() const {
  return quotient(
      static_cast<double>(true_positives),
      static_cast<double>(true_positives + false_negatives));
}

double Counts::f1() const {
  return quotient(
      2.0 * static_cast<double>(true_positives),
      static_cast<double>(
          2 * true_positives + false_positives + false_negatives));
}

ThresholdScores score_at_thresholds(
    const ScoredLabels& scored, std::span<const double> thresholds) {
  NADIR_CHECK(
      static_cast<int64_t>(thresholds.size()) == scored.num_classes,
      "need one threshold a class, got {} for {} classes",
      thresholds.size(),
      scored.num_classes);
  ThresholdScores result;
  result.per_class.resize(scored.num_classes);
  for (int64_t n = 0; n < scored.num_images; ++n) {
    for (int64_t c = 0; c < scored.num_classes; ++c) {
      const int64_t at = n * scored.num_classes + c;
      const bool predicted = scored.scores[at] >= thresholds[c];
      const bool truth = scored.labels[at] != 0;
      Counts& counts = result.per_class[c];
      counts.true_positives += predicted && truth ? 1 : 0;
      counts.false_positives += predicted && !truth ? 1 : 0;
      counts.false_negatives += !predicted && truth ? 1 : 0;
    }
  }
  Counts all;
  double f1_sum = 0;
  int64_t num_present = 0;
  for (const Counts& counts : result.per_class) {
    all.true_positives += counts.true_positives;
    all.false_positives += counts.false_positives;
    all.false_negatives += counts.false_negatives;
    if (counts.true_positives + counts.false_negatives > 0) {
      f1_sum += counts.f1();
      ++num_present;
    }
  }
  result.f1_macro = quotient(f1_sum, static_cast<double>(num_present));
  result.f1_micro = all.f1();
  return result;
}

std::vector<int64_t> count_co_occurrences(
    const ScoredLabels& scored, std::span<const double> thresholds) {
  const int64_t num_classes = scored.num_classes;
  NADIR_CHECK(
      static_cast<int64_t>(thresholds.size()) == num_classes,
      "need one threshold a class, got {} for {} classes",
      thresholds.size(),
      num_classes);
  std::vector<int64_t> counts(num_classes * num_classes, 0);
  for (int64_t n = 0; n < scored.num_images; ++n) {
    for (int64_t c = 0; c < num_classes; ++c) {
      if (scored.labels[n * num_classes + c] == 0) {
        continue;
      }
      for (int64_t p = 0; p < num_classes; ++p) {
        counts[c * num_classes + p] +=
            scored.scores[n * num_classes + p] >= thresholds[p] ? 1 : 0;
      }
    }
  }
  return counts;
}

}  // namespace nadir::eval
