// metrics.jsonl: one JSON object a line, appended as training goes. Keys carry
// units; docs/formats/run-folder.md lists them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include <nlohmann/json_fwd.hpp>

namespace nadir::runs {

// The only writer of a metrics file. Each record reaches the file with one
// system call, so a reader sees whole lines or a cut last one. Not
// thread-safe.
class MetricsWriter {
 public:
  // Opens `path` to append, making it if missing. A last line that was cut by
  // a crash is removed. With `resume_step`, records whose "step" is greater
  // are removed first, so that the file goes on as if training had never been
  // interrupted: "step" counts finished optimiser steps, and a checkpoint of
  // step s holds the run after the record of step s. The old file is replaced
  // atomically. Throws Error{kIo}.
  explicit MetricsWriter(
      const std::filesystem::path& path,
      std::optional<int64_t> resume_step = std::nullopt);
  ~MetricsWriter();
  MetricsWriter(const MetricsWriter&) = delete;
  MetricsWriter& operator=(const MetricsWriter&) = delete;

  // Appends one object. NaN and infinities become null, as JSON has none.
  // Throws Error{kIo}, for instance when the disk is full.
  void write(const nlohmann::ordered_json& record);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace nadir::runs
