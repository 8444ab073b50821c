// What one line can say about a run, for the comparison table, standard output
// and --json.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "report/run.h"
#include "report/verdict.h"

namespace nadir::report {

// Numbers are NaN where the run has none; shares lie in [0, 1].
struct RunSummary {
  std::string name;
  std::string state;  // of status.json, "unknown" without
  double steps = kNoScore;
  double epochs = kNoScore;
  double time_s = kNoScore;
  double first_loss = kNoScore;
  double last_loss = kNoScore;
  double entropy_share = kNoScore;  // teacher entropy / ln K
  double images_per_s = kNoScore;
  double best_knn = kNoScore;  // accuracy, or macro AP where labels are many
  double best_knn_epoch = kNoScore;
  // Of the first evaluation that has them, linear before k-NN.
  double ap_macro = kNoScore;
  double ap_micro = kNoScore;
  double accuracy = kNoScore;
  std::string scored_by;  // "linear probe", "k-NN"; of the first of them
  Verdict verdict;
};

[[nodiscard]] RunSummary summarise(const Run& run);

// Keys whose values differ between runs; a run without the key has "". Names
// of output folders always differ and are left out.
struct ConfigDifference {
  std::string key;
  std::vector<std::string> values;  // one for each run
};

[[nodiscard]] std::vector<ConfigDifference> config_differences(
    const std::vector<Run>& runs);

// The runs as an aligned table, and each verdict as a line below.
[[nodiscard]] std::string text_summary(const std::vector<Run>& runs);

[[nodiscard]] nlohmann::ordered_json json_summary(const std::vector<Run>& runs);

}  // namespace nadir::report
