// Log lines of all hosts of a job, merged by time, each given once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cloud/job_kind.h"

namespace nadir::cloud {

struct LogLine {
  int64_t time_ms = 0;  // since 1970
  std::string stream;   // JOB/HOST-SECONDS
  std::string text;

  // "algo-1".
  [[nodiscard]] std::string host() const;
};

// How far a stream was read: all before `time_ms`, and the first `count` events
// of that very millisecond.
struct LogPosition {
  int64_t time_ms = 0;
  int64_t count = 0;

  bool operator==(const LogPosition&) const = default;
};

using LogPositions = std::map<std::string, LogPosition>;  // by stream

// The streams of one job. `positions` is where to go on; events before
// `since_ms` are left out.
class LogTail {
 public:
  LogTail(
      Api logs,
      JobKind kind,
      const std::string& job,
      LogPositions positions = {},
      int64_t since_ms = 0);

  // What came since the last call, oldest first. Nothing before the job's first
  // output. Throws what the service's client throws.
  [[nodiscard]] std::vector<LogLine> read();

  // Where a later LogTail goes on.
  [[nodiscard]] const LogPositions& positions() const { return positions_; }

  // The names of the streams there are now.
  [[nodiscard]] std::vector<std::string> streams() const;

 private:
  void read_stream(const std::string& stream, std::vector<LogLine>& lines);

  Api logs_;
  std::string group_;
  std::string prefix_;
  LogPositions positions_;
  int64_t since_ms_;
};

}  // namespace nadir::cloud
