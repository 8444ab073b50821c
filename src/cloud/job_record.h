// What this host knows of a job that it submitted: what the job made, for
// cleaning up, and how far its logs were read. One JSON file a job in the
// user's state folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cloud/job_kind.h"
#include "cloud/log_tail.h"
#include "core/environment.h"

namespace nadir::cloud {

struct JobRecord {
  std::string name;
  std::string task;
  JobKind kind = JobKind::kTraining;
  std::string region;
  std::string output_uri;
  std::string checkpoint_uri;         // "" for none
  std::string model_name;             // "" for none
  std::vector<std::string> prefixes;  // of S3, that the job made
};

class JobRecords {
 public:
  explicit JobRecords(std::filesystem::path folder);

  // $XDG_STATE_HOME/nadir/jobs, else ~/.local/state/nadir/jobs.
  [[nodiscard]] static std::filesystem::path default_folder(
      const Environment& environment);

  // Throws Error{kIo} where it cannot be written.
  void write(const JobRecord& record) const;
  // Nothing where the job was submitted elsewhere. Throws Error{kCorruptData}
  // where the file is damaged, naming it.
  [[nodiscard]] std::optional<JobRecord> read(const std::string& name) const;
  // The record and the position in the logs.
  void remove(const std::string& name) const;

  void write_positions(
      const std::string& name, const LogPositions& positions) const;
  // A damaged file counts as none: the logs are read from their beginning.
  [[nodiscard]] LogPositions read_positions(const std::string& name) const;

 private:
  [[nodiscard]] std::filesystem::path record_path(
      const std::string& name) const;
  [[nodiscard]] std::filesystem::path positions_path(
      const std::string& name) const;

  std::filesystem::path folder_;
};

}  // namespace nadir::cloud
