// The run folder: all that one training leaves on disk, and the only thing
// that dashboards and reports look at. Layout: docs/formats/run-folder.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runs/run_lock.h"

namespace nadir::runs {

// Where things lie in a run folder; nothing needs to exist.
struct RunPaths {
  explicit RunPaths(const std::filesystem::path& folder);

  std::filesystem::path root;
  std::filesystem::path config;       // config.toml, resolved
  std::filesystem::path provenance;   // provenance.json
  std::filesystem::path status;       // status.json
  std::filesystem::path metrics;      // metrics.jsonl
  std::filesystem::path checkpoints;  // checkpoints/
  std::filesystem::path weights;      // weights/
  std::filesystem::path eval;         // eval/*.json
  std::filesystem::path pictures;     // pictures/*.png
  std::filesystem::path lock;         // lock
};

// What a run was made of. The program's version and commit, processor, host,
// process and time are added when it is written.
struct Provenance {
  std::vector<std::string> command_line;
  int64_t seed = 0;
  std::string data;           // a sentence: source, images, bands
  std::string data_checksum;  // "" where the source has none
  std::map<std::string, std::string> libraries;  // name -> version
};

enum class RunState { kRunning, kFinished, kStopped, kFailed };

// "running", "finished", "stopped", "failed". Persistent.
[[nodiscard]] std::string to_text(RunState state);

struct RunStatus {
  RunState state = RunState::kRunning;
  int64_t step = 0;
  int64_t total_steps = 0;
  double epoch = 0;
  std::string message;
  // Filled by read_status().
  std::string updated;  // UTC, ISO 8601
  int64_t pid = 0;
  std::string host;
};

// A run folder held for training: as long as the object lives, no other
// process can create or resume a run there. Movable. Not thread-safe.
class RunFolder {
 public:
  // Whether `path` holds a run (one that wrote its status at least once).
  [[nodiscard]] static bool exists(const std::filesystem::path& path);

  // Starts a run in a new or empty folder. Where a run is already, throws
  // Error{kInvalidArgument} with what can be done, unless `overwrite`: then
  // the old run is moved to <path>.old-1 (or -2, ...), never deleted. Throws
  // Error{kInvalidArgument} if another process trains there.
  [[nodiscard]] static RunFolder create(
      const std::filesystem::path& path, bool overwrite = false);

  // Goes on with the run at `path`. Throws Error{kNotFound} if there is none,
  // Error{kInvalidArgument} if another process trains there.
  [[nodiscard]] static RunFolder resume(const std::filesystem::path& path);

  [[nodiscard]] const RunPaths& paths() const { return paths_; }

  // Replaces config.toml.
  void write_config(const std::string& toml);

  // Writes provenance.json; where there is one already, adds this start to
  // its list "resumes" and keeps the rest.
  void write_provenance(const Provenance& provenance);

  // Replaces status.json, with the time, this process and this host. Costs
  // two disk synchronisations: call it every few seconds, not every step.
  void write_status(const RunStatus& status);

 private:
  RunFolder(RunPaths paths, RunLock lock);

  RunPaths paths_;
  RunLock lock_;
};

// Renames the folder to <folder>.old-1, or -2, ..., the first that is free.
// Throws Error{kIo}.
void move_aside(const std::filesystem::path& folder);

// The status of the run at `path`. Throws Error{kNotFound} if there is none,
// Error{kCorruptData} if it is not what the format says.
[[nodiscard]] RunStatus read_status(const std::filesystem::path& path);

// Now as "2026-11-24T04:18:59Z".
[[nodiscard]] std::string utc_now();

}  // namespace nadir::runs
