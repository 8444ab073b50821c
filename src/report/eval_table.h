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
  double iou = kNoScore;            // segmentation, as is this
  double num_pixels = kNoScore;
  std::vector<std::pair<double, double>> pr_curve;  // (recall, precision)
};

struct EvalRow {
  std::string features;  // "random weights", "image statistics", a run
  std::string head;      // of segmentation: "linear", "conv"
  double ap_macro = kNoScore;
  double ap_micro = kNoScore;
  double accuracy_top1 = kNoScore;
  double f1_macro = kNoScore;
  std::pair<double, double> ap_macro_ci = {kNoScore, kNoScore};
  std::pair<double, double> ap_micro_ci = {kNoScore, kNoScore};
  std::pair<double, double> accuracy_ci = {kNoScore, kNoScore};
  double mean_iou = kNoScore;
  double pixel_accuracy = kNoScore;
  std::pair<double, double> mean_iou_ci = {kNoScore, kNoScore};
  std::pair<double, double> pixel_accuracy_ci = {kNoScore, kNoScore};
  std::vector<ClassScore> per_class;
  // Images (or pixels) of a class by what they were taken for, a row a class
  // of the truth; empty where the file has none.
  std::vector<std::vector<double>> confusion;

  // "random weights", "runs/a, conv head".
  [[nodiscard]] std::string label() const;

  // Whether this row is a yardstick beside the features under test.
  [[nodiscard]] bool is_baseline() const;
};

struct EvalTable {
  std::string file;   // "linear.json"
  std::string kind;   // "linear", "knn", "segment"
  std::string task;   // "multi_label", "single_label", "segmentation"
  std::string note;   // images and how hyper-parameters were chosen
  std::string input;  // bands, normalisation and views
  std::vector<EvalRow> rows;

  // "Linear probe, several labels an image".
  [[nodiscard]] std::string title() const;

  // The score of a class that tells most: AP where labels are many; recall,
  // the accuracy within a class, where each image has one; IoU of pixels. NaN
  // where `row` has none.
  [[nodiscard]] double class_score(
      const EvalRow& row, const std::string& class_name) const;

  // "AP", "recall" or "IoU".
  [[nodiscard]] std::string class_score_name() const;

  // The classes of the row that has most, in its order.
  [[nodiscard]] std::vector<ClassScore> classes() const;

  // The row of the features under test; null if there are baselines only.
  [[nodiscard]] const EvalRow* tested() const;
};

// Tolerates missing and null values. Throws Error{kCorruptData} naming the
// file where it is no JSON object, or a value has another type.
[[nodiscard]] EvalTable read_eval_table(const std::filesystem::path& path);

}  // namespace nadir::report
