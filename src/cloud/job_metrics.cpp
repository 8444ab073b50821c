#include "cloud/job_metrics.h"

#include <algorithm>
#include <cstdlib>

#include "core/log.h"

namespace nadir::cloud {

MetricReader::MetricReader(const std::vector<MetricDefinition>& definitions) {
  for (const auto& definition : definitions) {
    try {
      metrics_.push_back({definition.name, std::regex(definition.regex)});
    } catch (const std::regex_error&) {
      log_warning(
          "cloud",
          "metric {}: '{}' is no regular expression here, left out",
          definition.name,
          definition.regex);
    }
  }
}

std::vector<MetricPoint> MetricReader::read(const LogLine& line) const {
  std::vector<MetricPoint> points;
  for (const auto& metric : metrics_) {
    std::smatch match;
    if (!std::regex_search(line.text, match, metric.regex) ||
        match.size() < 2) {
      continue;
    }
    const std::string text = match[1].str();
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (!text.empty() && end == text.c_str() + text.size()) {
      points.push_back({line.time_ms, metric.name, value});
    }
  }
  return points;
}

std::vector<MetricSummary> summarize(const std::vector<MetricPoint>& points) {
  std::vector<MetricSummary> all;
  for (const auto& point : points) {
    auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) {
      return one.name == point.name;
    });
    if (found == all.end()) {
      all.push_back({point.name, 0, point.value, 0, point.value, point.value});
      found = all.end() - 1;
    }
    ++found->count;
    found->last = point.value;
    found->least = std::min(found->least, point.value);
    found->most = std::max(found->most, point.value);
  }
  return all;
}

}  // namespace nadir::cloud
