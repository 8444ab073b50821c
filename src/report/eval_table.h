// The tables that evaluations leave in RUN/eval/*.json: scores of several
// features beside each other, per class where labels are many.
#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace nadir::report {

inline constexpr double kNoScore = std::numeric_limits<double>::quiet_NaN();

// Scores are shares in [0, 1]; NaN where the file has null or nothing.
struct ClassScore {
  std::string name;
  double ap = kNoScore;
  double f1 = kNoScore;
  double recall = kNoScore;
  double num_positives = kNoScore;  // images that carry the class
};

struct EvalRow {
  std::string features;  // "random weights", "image statistics", a run
  double ap_macro = kNoScore;
  double ap_micro = kNoScore;
  double accuracy_top1 = kNoScore;
  double f1_macro = kNoScore;
  std::pair<double, double> ap_macro_ci = {kNoScore, kNoScore};
  std::pair<double, double> ap_micro_ci = {kNoScore, kNoScore};
  std::pair<double, double> accuracy_ci = {kNoScore, kNoScore};
  std::vector<ClassScore> per_class;

  // Whether this row is a yardstick beside the features under test.
  [[nodiscard]] bool is_baseline() const;
};

struct EvalTable {
  std::string file;  // "linear.json"
  std::string kind;  // "linear", "knn"
  std::string task;  // "multi_label", "single_label"
  std::string note;  // images and how hyper-parameters were chosen
  std::string input;  // bands, normalisation and views
  std::vector<EvalRow> rows;

  // The row of the features under test; null if there are baselines only.
  [[nodiscard]] const EvalRow* tested() const;
};

// Tolerates missing and null values. Throws Error{kCorruptData} naming the
// file where it is no JSON object, or a value has another type.
[[nodiscard]] EvalTable read_eval_table(const std::filesystem::path& path);

}  // namespace nadir::report
