// Which classes a probe finds, and which it takes for which.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dashboard/predictions.h"

namespace nadir::dashboard {

struct ClassScore {
  std::string name;
  int64_t num_positives = 0;
  std::optional<double> ap;
  std::optional<double> threshold;
  double precision = 0;  // of what is predicted
  double recall = 0;
  double f1 = 0;
};

struct ClassScores {
  std::vector<ClassScore> classes;
  std::optional<double> ap_macro;
  std::optional<double> ap_micro;

  // [t][p]: of the images that truly have class t, the share predicted to have
  // p; the diagonal is recall. A class without images has zeros.
  std::vector<std::vector<double>> co_occurrence;
};

[[nodiscard]] ClassScores score_classes(const Predictions& predictions);

// From the highest score down, a point a distinct score.
struct PrecisionRecall {
  std::vector<double> recall;
  std::vector<double> precision;
  std::vector<double> threshold;
};

// At most about `max_points` of its points, the ends among them. Empty for a
// class without positives.
[[nodiscard]] PrecisionRecall precision_recall(
    const Predictions& predictions, int64_t class_index, size_t max_points);

}  // namespace nadir::dashboard
