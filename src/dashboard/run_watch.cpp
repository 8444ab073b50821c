#include "dashboard/run_watch.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/log.h"
#include "report/summary.h"
#include "runs/run_folder.h"

namespace nadir::dashboard {
namespace {

namespace fs = std::filesystem;

constexpr auto kLookAgain = std::chrono::milliseconds(500);
constexpr auto kHeartbeat = std::chrono::seconds(15);

std::vector<RunSource> runs_inside(const std::string& folder) {
  std::vector<RunSource> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error) && runs::RunFolder::exists(entry.path())) {
      found.push_back(
          {.folder = entry.path().string(),
           .shown_path = entry.path().string()});
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.folder < b.folder;
  });
  return found;
}

}  // namespace

std::vector<RunSource> find_runs(const std::vector<std::string>& paths) {
  std::vector<RunSource> sources;
  for (const auto& path : paths) {
    if (runs::RunFolder::exists(path)) {
      sources.push_back({.folder = path, .shown_path = path});
      continue;
    }
    const auto inside = runs_inside(path);
    if (inside.empty()) {
      fail(
          ErrorCode::kNotFound,
          "{} is no run and holds none: a run has a status.json or a "
          "metrics.jsonl; `nadir pretrain --out` makes one",
          path);
    }
    sources.insert(sources.end(), inside.begin(), inside.end());
  }
  return sources;
}

RunWatch::RunWatch(const std::vector<RunSource>& sources, EventHub& events)
    : events_(events) {
  for (const auto& source : sources) {
    try {
      runs_.push_back(std::make_unique<WatchedRun>(
          size(), source.folder, source.shown_path));
    } catch (const Error& error) {
      if (sources.size() == 1) {
        throw;
      }
      log_warning(
          "dashboard", "{} is left out: {}", source.shown_path, error.what());
      continue;
    }
    if (source.refresh) {
      copies_.push_back(
          {source, std::chrono::steady_clock::now() + source.refresh_interval});
    }
  }
  NADIR_CHECK(
      sources.empty() || !runs_.empty(),
      "none of the {} runs can be read",
      sources.size());
  std::multiset<std::string> names;
  for (const auto& run : runs_) {
    names.insert(run->name());
  }
  for (const auto& run : runs_) {
    if (names.count(run->name()) > 1) {
      run->set_name(run->shown_path());
    }
  }
  thread_ = std::thread([this] { follow(); });
}

RunWatch::~RunWatch() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void RunWatch::follow() {
  auto beat = std::chrono::steady_clock::now() + kHeartbeat;
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    lock.unlock();
    refresh_copies();
    std::vector<int64_t> changed;
    for (int64_t id = 0; id < size(); ++id) {
      if (runs_[static_cast<size_t>(id)]->update()) {
        changed.push_back(id);
      }
    }
    if (!changed.empty()) {
      publish(changed);
    }
    if (std::chrono::steady_clock::now() >= beat) {
      events_.publish(": still here\n\n");
      beat = std::chrono::steady_clock::now() + kHeartbeat;
    }
    lock.lock();
    ending_.wait_for(lock, kLookAgain, [this] { return is_ending_; });
  }
}

void RunWatch::refresh_copies() {
  for (auto& copy : copies_) {
    if (std::chrono::steady_clock::now() < copy.due) {
      continue;
    }
    try {
      copy.source.refresh();
    } catch (const Error& error) {
      log_warning("dashboard", "{}: {}", copy.source.shown_path, error.what());
    }
    copy.due = std::chrono::steady_clock::now() + copy.source.refresh_interval;
  }
}

void RunWatch::publish(const std::vector<int64_t>& changed) {
  nlohmann::ordered_json json;
  json["runs"] = nlohmann::ordered_json::array();
  for (const int64_t id : changed) {
    json["runs"].push_back(run(id).summary());
  }
  events_.publish(event_text("runs", json));
}

nlohmann::ordered_json RunWatch::summaries() const {
  nlohmann::ordered_json json;
  json["runs"] = nlohmann::ordered_json::array();
  for (const auto& run : runs_) {
    json["runs"].push_back(run->summary());
  }
  return json;
}

nlohmann::ordered_json RunWatch::differences() const {
  std::vector<report::Run> configs(runs_.size());
  for (size_t i = 0; i < runs_.size(); ++i) {
    configs[i].config = runs_[i]->config();
  }
  nlohmann::ordered_json json;
  json["differences"] = nlohmann::ordered_json::array();
  for (const auto& difference : report::config_differences(configs)) {
    json["differences"].push_back(
        {{"key", difference.key}, {"values", difference.values}});
  }
  return json;
}

}  // namespace nadir::dashboard
