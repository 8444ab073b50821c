#include "cli/remote_run.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "store/download.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStepFolder = "checkpoints/step-";
constexpr const char* kLatest = "checkpoints/latest";

// The step of "checkpoints/step-000120/model.safetensors"; -1 elsewhere.
int64_t step_of(const std::string& name) {
  if (!name.starts_with(kStepFolder)) {
    return -1;
  }
  int64_t step = -1;
  const char* begin = name.data() + kStepFolder.size();
  std::from_chars(begin, name.data() + name.size(), step);
  return step;
}

// The largest step of which there is a checkpoint below the folder; -1 without.
int64_t latest_step(const fs::path& folder) {
  int64_t latest = -1;
  std::error_code code;
  for (const auto& entry :
       fs::directory_iterator(folder / "checkpoints", code)) {
    latest = std::max(
        latest, step_of("checkpoints/" + entry.path().filename().string()));
  }
  return latest;
}

std::string name_below(
    const store::Location& folder, const store::Download& download) {
  return download.object.key.substr(folder.key.size());
}

// The largest step that there is a checkpoint of; -1 without.
int64_t newest_step(const std::vector<std::string>& names) {
  int64_t newest = -1;
  for (const auto& name : names) {
    newest = std::max(newest, step_of(name));
  }
  return newest;
}

// Whether the file is of a checkpoint before that step.
bool is_older(const std::string& name, int64_t newest) {
  const int64_t step = step_of(name);
  return step >= 0 && step != newest;
}

bool is_mark(const std::string& name) {
  return name == "config.toml" || name == "status.json";
}

}  // namespace

RemoteRun::RemoteRun(
    store::RemoteFiles& remote,
    std::string& output_dir,
    bool is_first,
    bool resumes,
    bool overwrites)
    : remote_(remote) {
  if (!store::is_remote(output_dir)) {
    return;
  }
  given_ = output_dir;
  const auto target = store::parse_location(given_).as_folder();
  NADIR_CHECK(
      !target.key.empty(),
      "{}: name something below the bucket, s3://{}/NAME",
      given_,
      target.bucket);
  const fs::path local = remote.staging_path(target).parent_path();
  local_ = local.string();
  output_dir = local_;
  if (!is_first) {
    return;
  }
  auto wanted = store::find_below(*remote.s3(), target, local);
  NADIR_CHECK(
      wanted.empty() || !overwrites,
      "{} holds {} objects, and --overwrite moves nothing in S3; choose "
      "another prefix, or delete this one",
      given_,
      wanted.size());
  std::vector<std::string> names;
  for (const auto& download : wanted) {
    names.push_back(name_below(target, download));
  }
  const int64_t newest = newest_step(names);
  const int64_t here = latest_step(local);
  if (resumes && here >= newest && here >= 0) {
    log_info(
        "store",
        "going on from the copy of {} on this host, which is not older",
        given_);
    return;
  }
  if (resumes && here >= 0) {
    fs::remove_all(local);  // S3 has gone on since
  }
  std::erase_if(wanted, [&](const store::Download& download) {
    const std::string name = name_below(target, download);
    return is_older(name, newest) || !(resumes || is_mark(name));
  });
  store::download_objects(*remote.s3(), wanted);
}

std::string remote_weights(
    store::RemoteFiles& remote, const std::string& path) {
  return remote.input(path, [](std::vector<std::string>& names) {
    const int64_t newest = newest_step(names);
    std::erase_if(names, [newest](const std::string& name) {
      return is_older(name, newest);
    });
  });
}

void RemoteRun::start() {
  if (given_.empty()) {
    return;
  }
  store::FolderSyncOptions options;
  options.marks = {kLatest, "status.json"};
  sync_ = std::make_unique<store::FolderSync>(
      remote_.s3(), local_, store::parse_location(given_), options);
  log_info("store", "copying {} to {} meanwhile", local_, given_);
}

void RemoteRun::finish() {
  if (sync_) {
    sync_->finish();
    sync_.reset();
    fs::remove_all(local_);
  }
}

}  // namespace nadir::cli
