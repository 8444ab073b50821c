#include "dashboard/watched_run.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/log.h"
#include "dashboard/curve_sample.h"
#include "dashboard/notes.h"
#include "dashboard/run_json.h"

namespace nadir::dashboard {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDefaultPoints = 600;
constexpr int64_t kMaxPoints = 10'000;
constexpr double kEverything = std::numeric_limits<double>::infinity();

void add_file_state(const fs::path& path, std::string& state) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (!error) {
    const auto time = fs::last_write_time(path, error);
    state += fmt::format(
        "{}:{}:{}\n", path.string(), size, time.time_since_epoch().count());
  }
}

// Changes whenever a file that report::read_run_files() reads does.
std::string files_state_of(const fs::path& folder) {
  const runs::RunPaths paths(folder);
  std::string state;
  for (const auto& path : {paths.status, paths.config, paths.provenance}) {
    add_file_state(path, state);
  }
  for (const auto& inner : {paths.eval, paths.pictures}) {
    std::error_code error;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(inner, error)) {
      files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      add_file_state(file, state);
    }
  }
  return state;
}

// The lowest and highest finite number.
std::pair<double, double> range_of(const std::vector<double>& values) {
  double low = kEverything;
  double high = -kEverything;
  for (const double value : values) {
    if (std::isfinite(value)) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  return {low, high};
}

std::vector<std::string> split_keys(const std::string& text) {
  std::vector<std::string> keys;
  size_t from = 0;
  while (from <= text.size()) {
    const size_t to = std::min(text.find(',', from), text.size());
    if (to > from) {
      keys.push_back(text.substr(from, to - from));
    }
    from = to + 1;
  }
  return keys;
}

}  // namespace

WatchedRun::WatchedRun(
    int64_t id, const fs::path& folder, std::string shown_path)
    : id_(id),
      folder_(folder),
      shown_path_(std::move(shown_path)),
      metrics_(runs::RunPaths(folder).metrics) {
  files_state_ = files_state_of(folder_);
  run_ = report::read_run_files(folder_);
}

bool WatchedRun::update() {
  const std::lock_guard lock(mutex_);
  const auto files_state = files_state_of(folder_);
  const bool has_new_files = files_state != files_state_;
  const int64_t num_records = run_.num_records;
  try {
    if (has_new_files) {
      update_files();
      files_state_ = files_state;
    }
    update_metrics();
  } catch (const Error& error) {
    log_warning("dashboard", "{}: {}", shown_path_, error.what());
  }
  const auto state = run_.state();  // changes, too, when its process is gone
  const bool has_new_state = std::exchange(state_, state) != state;
  return has_new_files || has_new_state || run_.num_records != num_records;
}

void WatchedRun::update_files() {
  auto read = report::read_run_files(folder_);
  read.name = run_.name;
  read.by_step = std::move(run_.by_step);
  read.by_epoch = std::move(run_.by_epoch);
  read.events = std::move(run_.events);
  read.num_records = run_.num_records;
  read.num_damaged = run_.num_damaged;
  run_ = std::move(read);
}

void WatchedRun::update_metrics() {
  if (!metrics_.read_new()) {  // a resume has cut the file
    run_.by_step.clear();
    run_.by_epoch.clear();
    run_.num_records = -1;  // a change, whatever is there now
    num_taken_ = 0;
  }
  report::add_metrics(run_, metrics_, num_taken_);
  num_taken_ = metrics_.num_rows();
}

std::string WatchedRun::name() const {
  const std::lock_guard lock(mutex_);
  return run_.name;
}

void WatchedRun::set_name(const std::string& name) {
  const std::lock_guard lock(mutex_);
  run_.name = name;
}

nlohmann::ordered_json WatchedRun::summary() const {
  const std::lock_guard lock(mutex_);
  return summary_json(run_, id_, shown_path_);
}

nlohmann::ordered_json WatchedRun::details() const {
  const std::lock_guard lock(mutex_);
  auto json = details_json(run_, id_, shown_path_);
  json["keys"] = metrics_.keys();
  json["notes"] = to_json(read_notes(folder_));
  return json;
}

nlohmann::ordered_json WatchedRun::curves(const Query& query) const {
  const auto x_key = query.get("x").value_or("step");
  NADIR_CHECK(
      x_key == "step" || x_key == "epoch" || x_key == "time_s",
      "x must be step, epoch or time_s, got '{}'",
      x_key);
  const double from = query.number("from", -kEverything);
  const double to = query.number("to", kEverything);
  const auto num_points =
      query.integer("points", kDefaultPoints, 2, kMaxPoints);
  const std::lock_guard lock(mutex_);
  nlohmann::ordered_json json;
  json["x"] = x_key;
  json["range"] = nullptr;
  json["curves"] = nlohmann::ordered_json::object();
  const auto* x = metrics_.column(x_key);
  if (x == nullptr) {
    return json;
  }
  if (const auto [low, high] = range_of(*x); low <= high) {
    json["range"] = {low, high};
  }
  for (const auto& key : split_keys(query.text("keys"))) {
    if (const auto* y = metrics_.column(key); y != nullptr) {
      json["curves"][key] = to_json(sample_curve(*x, *y, from, to, num_points));
    }
  }
  return json;
}

std::map<std::string, std::string> WatchedRun::config() const {
  const std::lock_guard lock(mutex_);
  return run_.config;
}

std::string WatchedRun::picture(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  for (const auto& picture : run_.pictures) {
    if (picture.name == name) {
      return picture.png;
    }
  }
  fail(ErrorCode::kNotFound, "the run {} has no picture '{}'", run_.name, name);
}

}  // namespace nadir::dashboard
