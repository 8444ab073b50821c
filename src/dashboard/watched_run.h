// A run folder as the dashboard sees it, while a trainer may write to it.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dashboard/query.h"
#include "report/run.h"
#include "runs/metrics_table.h"

namespace nadir::dashboard {

// Members may be called from any thread.
class WatchedRun {
 public:
  // Reads all but the curves. `shown_path` is the folder as the user wrote it.
  // Throws as report::read_run() does.
  WatchedRun(
      int64_t id, const std::filesystem::path& folder, std::string shown_path);

  // Takes in what is new in the folder; true if anything was. A file that
  // cannot be read at the moment is logged, and tried again the next time.
  bool update();

  // The name it is told apart by.
  [[nodiscard]] std::string name() const;
  void set_name(const std::string& name);

  // What one line can say: state, progress, scores, verdict.
  [[nodiscard]] nlohmann::ordered_json summary() const;

  // summary(), and configuration, provenance, events, tables, pictures, notes.
  [[nodiscard]] nlohmann::ordered_json details() const;

  // Stretches of curves as `query` asks: keys, x, from, to, points. Throws
  // Error{kInvalidArgument} on values out of range.
  [[nodiscard]] nlohmann::ordered_json curves(const Query& query) const;

  // Section and key to value.
  [[nodiscard]] std::map<std::string, std::string> config() const;

  // PNG. Throws Error{kNotFound} naming it.
  [[nodiscard]] std::string picture(const std::string& name) const;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  // The folder as the user wrote it.
  [[nodiscard]] const std::string& shown_path() const { return shown_path_; }

 private:
  void update_files();
  void update_metrics();

  const int64_t id_;
  const std::filesystem::path folder_;
  const std::string shown_path_;

  mutable std::mutex mutex_;  // of what follows
  report::Run run_;
  runs::MetricsTable metrics_;
  std::string state_;
  std::string files_state_;  // sizes and times of what run_ was read from
  int64_t num_taken_ = 0;    // rows that run_'s curves have
};

}  // namespace nadir::dashboard
