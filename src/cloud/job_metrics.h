// Metrics of a job from its log lines, as SageMaker takes them: the first group
// of a regular expression is the value.
#pragma once

#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "cloud/job_spec.h"
#include "cloud/log_tail.h"

namespace nadir::cloud {

struct MetricPoint {
  int64_t time_ms = 0;
  std::string name;
  double value = 0;
};

// Definitions ready to read lines; those that are no regular expressions are
// left out with a warning.
class MetricReader {
 public:
  explicit MetricReader(const std::vector<MetricDefinition>& definitions);

  // All values in the line.
  [[nodiscard]] std::vector<MetricPoint> read(const LogLine& line) const;

 private:
  struct Compiled {
    std::string name;
    std::regex regex;
  };

  std::vector<Compiled> metrics_;
};

struct MetricSummary {
  std::string name;
  int64_t count = 0;
  double first = 0;
  double last = 0;
  double least = 0;
  double most = 0;
};

// One for each name, in the order of first appearance.
[[nodiscard]] std::vector<MetricSummary> summarize(
    const std::vector<MetricPoint>& points);

}  // namespace nadir::cloud
