// All runs of a dashboard, followed while they are written.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dashboard/event_hub.h"
#include "dashboard/watched_run.h"

namespace nadir::dashboard {

// A run folder, and how the user named it.
struct RunSource {
  std::string folder;
  std::string shown_path;

  // Where the folder is a copy: brings it up to date, on the watch's thread,
  // and may throw Error, which is logged.
  std::function<void()> refresh = {};
  std::chrono::milliseconds refresh_interval{10'000};
};

// The runs at `paths`: run folders, and those right inside of a folder that is
// none. Throws Error{kNotFound} naming a path that holds no run.
[[nodiscard]] std::vector<RunSource> find_runs(
    const std::vector<std::string>& paths);

// Members may be called from any thread.
class RunWatch {
 public:
  // Reads the runs' small files at once; their curves come in the background.
  // What changes is published to `events`, which must outlive the watch.
  // Throws as report::read_run() does for a run alone; of several, one that
  // cannot be read is left out, with a warning, as long as one is left.
  RunWatch(const std::vector<RunSource>& sources, EventHub& events);
  // Ends the background work.
  ~RunWatch();
  RunWatch(const RunWatch&) = delete;
  RunWatch& operator=(const RunWatch&) = delete;

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(runs_.size());
  }

  [[nodiscard]] const WatchedRun& run(int64_t id) const {
    return *runs_.at(static_cast<size_t>(id));
  }

  // {"runs": [...]} of all of them.
  [[nodiscard]] nlohmann::ordered_json summaries() const;

  // Keys of the configuration whose values differ.
  [[nodiscard]] nlohmann::ordered_json differences() const;

 private:
  void follow();
  void refresh_copies();
  void publish(const std::vector<int64_t>& changed);

  // A run that is a copy of one elsewhere.
  struct Copy {
    RunSource source;
    std::chrono::steady_clock::time_point due;
  };

  EventHub& events_;
  std::vector<std::unique_ptr<WatchedRun>> runs_;
  std::vector<Copy> copies_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace nadir::dashboard
