// A job's metrics as lines of its log, one `name=value` each, and the regular
// expressions with which SageMaker finds them there (MetricDefinitions of
// CreateTrainingJob). `nadir train` prints the lines from the run's
// metrics.jsonl.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "runs/metrics_reader.h"

namespace nadir::container {

struct MetricDefinition {
  std::string name;   // "train:loss"
  std::string regex;  // with one group, the number
};

// What metric_lines() and score_line() print.
[[nodiscard]] std::vector<MetricDefinition> metric_definitions();

// The metrics of a training or evaluation record of metrics.jsonl:
// "train_loss=5.21 step=120". None for an event.
[[nodiscard]] std::vector<std::string> metric_lines(
    const nlohmann::json& record);

// "eval_linear=0.61", of what `nadir eval` wrote; nothing where it has no
// score. `kind` is "linear" or "knn".
[[nodiscard]] std::optional<std::string> score_line(
    const std::string& kind, const nlohmann::json& evaluation);

// Prints the metrics of a run while it goes on, to standard output: a training
// record at most every `interval`, evaluations and the last record always.
// Records that are there at the beginning are of an earlier start. Not
// thread-safe.
class MetricPrinter {
 public:
  MetricPrinter(
      const std::filesystem::path& metrics_file,
      std::chrono::milliseconds interval);

  void print_new();
  // The last record, where it has not been printed.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  void take(const nlohmann::json& record);
  void print(const nlohmann::json& record);

  runs::MetricsReader reader_;
  std::chrono::milliseconds interval_;
  Clock::time_point next_print_;
  int64_t last_step_ = 0;
  std::vector<std::string> waiting_;  // lines of the last record
};

}  // namespace nadir::container
