// Reading metrics.jsonl while it grows: what a report, a dashboard or a job
// supervisor needs.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "runs/file_tail.h"

namespace nadir::runs {

// Follows one metrics file. A line without its newline is left for the next
// call; damaged lines are skipped and counted. Not thread-safe.
class MetricsReader {
 public:
  using Consumer = std::function<void(const nlohmann::json& record)>;

  // The file may not exist yet.
  explicit MetricsReader(std::filesystem::path path);

  // Hands every new whole record to `consume`, in the file's order. Returns
  // false if the file was replaced or cut since the last call (a resumed run):
  // then it was read from its beginning, and what was consumed before is void.
  // Throws Error{kIo}.
  bool read_new(const Consumer& consume);

  // Lines so far that were no JSON object.
  [[nodiscard]] int64_t num_damaged() const { return num_damaged_; }

  // Bytes read past the last newline: a line being written, or cut.
  [[nodiscard]] const std::string& unfinished() const {
    return tail_.unfinished();
  }

 private:
  friend int64_t read_metrics(
      const std::filesystem::path& path, const Consumer& consume);
  void consume_line(std::string_view line, const Consumer& consume);

  FileTail tail_;
  int64_t num_damaged_ = 0;
};

// All records of a file that nobody needs to follow: a last line without its
// newline counts if it is whole. Returns the number of damaged lines. Throws
// Error{kNotFound} if there is no file, Error{kIo}.
int64_t read_metrics(
    const std::filesystem::path& path, const MetricsReader::Consumer& consume);

}  // namespace nadir::runs
