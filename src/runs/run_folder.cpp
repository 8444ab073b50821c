#include "runs/run_folder.h"

#include <array>
#include <ctime>
#include <utility>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/host_name.h"
#include "core/json.h"
#include "core/version.h"

namespace nadir::runs {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// The first of <path>.old-1, <path>.old-2, ... that is free.
fs::path free_old_name(const fs::path& path) {
  for (int i = 1;; ++i) {
    fs::path candidate = path;
    candidate += fmt::format(".old-{}", i);
    if (!fs::exists(candidate)) {
      return candidate;
    }
  }
}

// `runs/a/` and `runs/a` are the same folder; a name can be appended to the
// second only.
fs::path without_trailing_slash(const fs::path& path) {
  const fs::path normal = fs::absolute(path).lexically_normal();
  return normal.has_filename() ? path.lexically_normal()
                               : path.lexically_normal().parent_path();
}

// Text as JSON, whatever bytes a command line holds.
std::string dump(const Json& json) {
  return json_text(json, 2) + "\n";
}

Json start_of(const Provenance& provenance) {
  const CpuInfo cpu = read_cpu_info();
  Json json;
  json["nadir"] = {
      {"version", version()},
      {"commit", commit()},
      {"build_type", build_type()}};
  json["command_line"] = provenance.command_line;
  json["started_utc"] = utc_now();
  json["host"] = host_name();
  json["pid"] = ::getpid();
  json["cpu"] = {
      {"model", cpu.model},
      {"features", cpu.features},
      {"num_threads", cpu.num_threads},
      {"memory_bytes", cpu.memory_bytes}};
  json["libraries"] = provenance.libraries;
  return json;
}

RunState state_of(const std::string& text, const fs::path& path) {
  for (const RunState state :
       {RunState::kRunning,
        RunState::kFinished,
        RunState::kStopped,
        RunState::kFailed}) {
    if (to_text(state) == text) {
      return state;
    }
  }
  fail(ErrorCode::kCorruptData, "{}: unknown state '{}'", path.string(), text);
}

}  // namespace

RunPaths::RunPaths(const fs::path& folder)
    : root(folder),
      config(folder / "config.toml"),
      provenance(folder / "provenance.json"),
      status(folder / "status.json"),
      metrics(folder / "metrics.jsonl"),
      checkpoints(folder / "checkpoints"),
      weights(folder / "weights"),
      eval(folder / "eval"),
      pictures(folder / "pictures"),
      lock(folder / "lock") {}

std::string to_text(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kFinished:
      return "finished";
    case RunState::kStopped:
      return "stopped";
    case RunState::kFailed:
      break;
  }
  return "failed";
}

RunFolder::RunFolder(RunPaths paths, RunLock lock)
    : paths_(std::move(paths)), lock_(std::move(lock)) {}

bool RunFolder::exists(const fs::path& path) {
  const RunPaths paths(path);
  return fs::exists(paths.status) || fs::exists(paths.metrics);
}

RunFolder RunFolder::create(const fs::path& path, bool overwrite) {
  const fs::path folder = without_trailing_slash(path);
  NADIR_CHECK(!folder.empty(), "a run needs a folder, got an empty name");
  NADIR_CHECK(
      !fs::exists(folder) || fs::is_directory(folder),
      "{} is a file; choose another --out for the run",
      folder.string());
  if (exists(folder)) {
    NADIR_CHECK(
        overwrite,
        "{} already holds a run; use --resume auto to go on with it, "
        "--overwrite to start over, which moves the old run to {}, or choose "
        "another --out",
        folder.string(),
        free_old_name(folder).string());
    // Taken and let go: a run that is being trained must not be moved.
    { const RunLock lock(RunPaths(folder).lock); }
    move_aside(folder);
  }
  RunPaths paths(folder);
  make_folder(paths.root);
  RunLock lock(paths.lock);
  for (const auto& part : {paths.checkpoints, paths.weights, paths.eval}) {
    make_folder(part);
  }
  return {std::move(paths), std::move(lock)};
}

RunFolder RunFolder::resume(const fs::path& path) {
  const fs::path folder = without_trailing_slash(path);
  if (!exists(folder)) {
    fail(
        ErrorCode::kNotFound,
        "there is no run at {} to go on with; leave --resume away to start one",
        folder.string());
  }
  RunPaths paths(folder);
  RunLock lock(paths.lock);
  return {std::move(paths), std::move(lock)};
}

void RunFolder::write_config(const std::string& toml) {
  write_file(paths_.config, toml);
}

void RunFolder::write_provenance(const Provenance& provenance) {
  const Json start = start_of(provenance);
  if (fs::exists(paths_.provenance)) {
    auto json = parse_ordered_json(read_file(paths_.provenance));
    if (json.is_object()) {
      json["resumes"].push_back(start);
      write_file(paths_.provenance, dump(json));
      return;
    }
  }
  Json json = start;
  json["seed"] = provenance.seed;
  json["data"] = {
      {"description", provenance.data}, {"checksum", provenance.data_checksum}};
  json["resumes"] = Json::array();
  write_file(paths_.provenance, dump(json));
}

void RunFolder::write_status(const RunStatus& status) {
  Json json;
  json["state"] = to_text(status.state);
  json["step"] = status.step;
  json["total_steps"] = status.total_steps;
  json["epoch"] = status.epoch;
  json["message"] = status.message;
  json["updated"] = utc_now();
  json["pid"] = ::getpid();
  json["host"] = host_name();
  write_file(paths_.status, dump(json));
}

void move_aside(const fs::path& folder) {
  const fs::path old_name = free_old_name(folder);
  std::error_code error;
  fs::rename(folder, old_name, error);
  if (error) {
    fail(
        ErrorCode::kIo,
        "cannot move {} to {}: {}",
        folder.string(),
        old_name.string(),
        error.message());
  }
}

RunStatus read_status(const fs::path& path) {
  const fs::path file = RunPaths(path).status;
  const std::string text = read_file(file);
  try {
    const auto json = parse_ordered_json(text);
    RunStatus status;
    status.state = state_of(json.at("state").get<std::string>(), file);
    status.step = json.at("step").get<int64_t>();
    status.total_steps = json.at("total_steps").get<int64_t>();
    status.epoch = json.at("epoch").get<double>();
    status.message = json.at("message").get<std::string>();
    status.updated = json.at("updated").get<std::string>();
    status.pid = json.at("pid").get<int64_t>();
    status.host = json.at("host").get<std::string>();
    return status;
  } catch (const Json::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{} is not a run's status: {}",
        file.string(),
        error.what());
  }
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace nadir::runs
