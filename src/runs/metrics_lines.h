// Lines of metrics.jsonl to columns, as fast as they come off the disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "runs/metrics_table.h"

namespace nadir::runs {

// Some lines of a file, in columns of their own.
class MetricsPiece {
 public:
  // Whole lines. A flat object of numbers and nulls without blanks, as our
  // writer makes them, is read in one go; any other by the JSON library.
  void add_lines(std::string_view lines);

  // All columns have num_rows() values.
  void pad_columns();

  std::vector<std::string> keys;
  std::vector<std::vector<double>> columns;  // as MetricsTable::column()
  std::vector<MetricsEvent> events;
  int64_t num_rows = 0;
  int64_t num_damaged = 0;

 private:
  void add_line(std::string_view line);
  bool add_numbers(std::string_view line);
  void add_record(const nlohmann::json& record);
  void set(std::string_view key, double value);

  size_t guess_ = 0;  // the column that the next key probably names
};

}  // namespace nadir::runs
