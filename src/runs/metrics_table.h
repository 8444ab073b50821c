// All numbers of a metrics.jsonl as columns: what curves of a million steps are
// drawn from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runs/file_tail.h"

namespace nadir::runs {

// A noteworthy moment of a run: start, resume, checkpoint, warning, stop.
struct MetricsEvent {
  double step = 0;
  std::string kind;
  std::string text;
};

// Records of metrics.jsonl in the file's order; follows the file as it grows.
// 8 bytes a number and a key. Not thread-safe.
class MetricsTable {
 public:
  // The file may not exist yet.
  explicit MetricsTable(const std::filesystem::path& path);

  // Adds what is new, by `num_threads` threads (0: all). Returns false where
  // the file was replaced since the last call (a resumed run): then the table
  // was begun anew. Throws Error{kIo}.
  bool read_new(int num_threads = 0);

  // Takes a last line without its newline, if it is whole: where nobody writes
  // any more. read_new() must not be called after it.
  void take_unfinished();

  // Records that are no events.
  [[nodiscard]] int64_t num_rows() const { return num_rows_; }

  // In the order of their first appearance.
  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }

  // A number a row: NaN where the record lacks the key, infinity where it says
  // null, which is a number that was not finite. Null for an unknown key. Valid
  // until the next call of a member that is not const.
  [[nodiscard]] const std::vector<double>* column(const std::string& key) const;

  [[nodiscard]] const std::vector<MetricsEvent>& events() const {
    return events_;
  }

  // Lines so far that were no JSON object.
  [[nodiscard]] int64_t num_damaged() const { return num_damaged_; }

 private:
  void clear();
  void add_lines(std::string_view lines, int num_threads);

  FileTail tail_;
  std::vector<std::string> keys_;
  std::map<std::string, std::vector<double>> columns_;
  std::vector<MetricsEvent> events_;
  int64_t num_rows_ = 0;
  int64_t num_damaged_ = 0;
};

}  // namespace nadir::runs
