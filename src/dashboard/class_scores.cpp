#include "dashboard/class_scores.h"

#include <algorithm>
#include <numeric>

namespace nadir::dashboard {
namespace {

eval::Counts counts_of(const Predictions& predictions, int64_t class_index) {
  eval::Counts counts;
  for (int64_t i = 0; i < predictions.scored().num_images; ++i) {
    const bool is_true = predictions.is_true(i, class_index);
    const bool is_predicted = predictions.is_predicted(i, class_index);
    counts.true_positives += is_true && is_predicted ? 1 : 0;
    counts.false_positives += !is_true && is_predicted ? 1 : 0;
    counts.false_negatives += is_true && !is_predicted ? 1 : 0;
  }
  return counts;
}

std::vector<std::vector<double>> co_occurrence_of(
    const Predictions& predictions) {
  const auto num_classes =
      static_cast<size_t>(predictions.scored().num_classes);
  std::vector<std::vector<double>> shares(
      num_classes, std::vector<double>(num_classes, 0.0));
  for (size_t t = 0; t < num_classes; ++t) {
    double num_true = 0;
    for (int64_t i = 0; i < predictions.scored().num_images; ++i) {
      if (!predictions.is_true(i, static_cast<int64_t>(t))) {
        continue;
      }
      ++num_true;
      for (size_t p = 0; p < num_classes; ++p) {
        shares[t][p] += predictions.is_predicted(i, static_cast<int64_t>(p));
      }
    }
    for (double& share : shares[t]) {
      share /= std::max(1.0, num_true);
    }
  }
  return shares;
}

}  // namespace

ClassScores score_classes(const Predictions& predictions) {
  const auto ap = eval::score_average_precision(predictions.scored());
  ClassScores scores;
  scores.ap_macro = ap.macro;
  scores.ap_micro = ap.micro;
  for (size_t c = 0; c < predictions.class_names().size(); ++c) {
    const auto counts = counts_of(predictions, static_cast<int64_t>(c));
    ClassScore score;
    score.name = predictions.class_names()[c];
    score.num_positives = ap.num_positives[c];
    score.ap = ap.per_class[c];
    if (!predictions.thresholds().empty()) {
      score.threshold = predictions.thresholds()[c];
    }
    score.precision = counts.precision();
    score.recall = counts.recall();
    score.f1 = counts.f1();
    scores.classes.push_back(std::move(score));
  }
  scores.co_occurrence = co_occurrence_of(predictions);
  return scores;
}

PrecisionRecall precision_recall(
    const Predictions& predictions, int64_t class_index, size_t max_points) {
  const auto scores = predictions.scored().class_scores(class_index);
  const auto labels = predictions.scored().class_labels(class_index);
  const auto num_positives =
      static_cast<double>(std::count(labels.begin(), labels.end(), 1));
  PrecisionRecall curve;
  if (num_positives == 0) {
    return curve;
  }
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return scores[a] > scores[b];
  });
  double num_true = 0;
  const size_t stride = std::max<size_t>(1, order.size() / max_points);
  size_t num_left_out = stride;  // so that the first point is taken
  for (size_t i = 0; i < order.size(); ++i) {
    num_true += labels[order[i]];
    const bool is_last = i + 1 == order.size();
    const bool is_tied = !is_last && scores[order[i + 1]] == scores[order[i]];
    ++num_left_out;
    if (is_tied || (num_left_out < stride && !is_last)) {
      continue;
    }
    num_left_out = 0;
    curve.recall.push_back(num_true / num_positives);
    curve.precision.push_back(num_true / static_cast<double>(i + 1));
    curve.threshold.push_back(scores[order[i]]);
  }
  return curve;
}

}  // namespace nadir::dashboard
