#include "checkpoint/checkpoint_folder.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include <fcntl.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"

namespace nadir::checkpoint {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int kFormatVersion = 1;
constexpr const char* kStateFile = "state.safetensors";
constexpr const char* kMetaFile = "meta.json";
constexpr const char* kManifestFile = "manifest.json";
constexpr const char* kLatestFile = "latest";
constexpr const char* kPrefix = "step-";
constexpr const char* kTemporaryPrefix = ".step-";  // never listed or loaded

[[noreturn]] void fail_damaged(const fs::path& folder, const std::string& why) {
  fail(
      ErrorCode::kCorruptData,
      "the checkpoint {} is damaged: {}; delete the folder and resume from "
      "the one before it",
      folder.string(),
      why);
}

json parse_file(const fs::path& folder, const char* name) {
  try {
    return parse_json(read_file(folder / name));
  } catch (const json::exception& error) {
    fail_damaged(folder, fmt::format("{} is no JSON", name));
  }
}

void rename_folder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) {
    fail(
        ErrorCode::kIo,
        "cannot rename {} to {}: {}",
        from.string(),
        to.string(),
        error.message());
  }
}

// Swaps two folders in one step; false where the file system cannot.
bool exchange_folders(const fs::path& a, const fs::path& b) {
  return ::renameat2(
             AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0;
}

void remove_folder(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) {
    fail(
        ErrorCode::kIo,
        "cannot delete {}: {}",
        folder.string(),
        error.message());
  }
}

fs::path checkpoints_of(const fs::path& run) {
  return run / "checkpoints";
}

// What `latest` says, or "" if it says nothing usable.
std::string read_latest(const fs::path& run) {
  const fs::path path = checkpoints_of(run) / kLatestFile;
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) {
    return "";
  }
  std::string name = read_file(path);
  name.erase(name.find_last_not_of(" \r\n") + 1);
  return step_of(name).has_value() ? name : "";
}

// Why the checkpoint cannot be used, or "".
std::string problem_of(const fs::path& folder) {
  try {
    verify_checkpoint(folder);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

std::string step_name(int64_t step) {
  NADIR_CHECK(step >= 0, "a checkpoint's step must be >= 0, got {}", step);
  return fmt::format("{}{:08}", kPrefix, step);
}

std::optional<int64_t> step_of(const std::string& name) {
  const std::string prefix = kPrefix;
  if (name.compare(0, prefix.size(), prefix) != 0) {
    return std::nullopt;
  }
  int64_t step = -1;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + prefix.size(), end, step);
  if (parsed.ec != std::errc{} || parsed.ptr != end || step < 0 ||
      step_name(step) != name) {
    return std::nullopt;
  }
  return step;
}

void save_checkpoint(const fs::path& folder, const State& state) {
  const std::string name = folder.filename().string();
  NADIR_CHECK(
      step_of(name).has_value(),
      "a checkpoint folder is named step-00000100 or so, got '{}'",
      name);
  const fs::path parent = folder.has_parent_path() ? folder.parent_path() : ".";
  make_folder(parent);
  const fs::path temporary = parent / ("." + name + ".new");
  remove_folder(temporary);
  make_folder(temporary);

  write_safetensors(temporary / kStateFile, state.tensors);
  write_file(temporary / kMetaFile, json_text(state.meta, 2) + "\n");
  json files = json::object();
  for (const char* file : {kStateFile, kMetaFile}) {
    files[file] = {
        {"num_bytes", fs::file_size(temporary / file)},
        {"sha256", file_hash_hex(Hasher::Kind::kSha256, temporary / file)}};
  }
  const json manifest = {{"version", kFormatVersion}, {"files", files}};
  write_file(temporary / kManifestFile, json_text(manifest, 2) + "\n");
  sync_to_disk(temporary);

  if (!fs::exists(folder)) {
    rename_folder(temporary, folder);
  } else if (!exchange_folders(temporary, folder)) {
    const fs::path replaced = parent / ("." + name + ".old");
    remove_folder(replaced);
    rename_folder(folder, replaced);
    rename_folder(temporary, folder);
    remove_folder(replaced);
  }
  sync_to_disk(parent);
  write_file(parent / kLatestFile, name + "\n");
  remove_folder(temporary);
}

void verify_checkpoint(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    fail(
        ErrorCode::kNotFound,
        "there is no checkpoint folder {}",
        folder.string());
  }
  if (!fs::exists(folder / kManifestFile)) {
    fail_damaged(folder, fmt::format("{} is missing", kManifestFile));
  }
  const json manifest = parse_file(folder, kManifestFile);
  if (!manifest.is_object() || manifest.value("version", json()) != 1 ||
      !manifest.contains("files") || !manifest["files"].is_object()) {
    fail_damaged(
        folder,
        fmt::format("{} is not of version {}", kManifestFile, kFormatVersion));
  }
  const json& files = manifest["files"];
  for (const char* file : {kStateFile, kMetaFile}) {
    if (!files.contains(file) || !files[file].is_object() ||
        !fs::exists(folder / file)) {
      fail_damaged(folder, fmt::format("{} is missing", file));
    }
    // Sizes first: they are free.
    if (files[file].value("num_bytes", json()) !=
        fs::file_size(folder / file)) {
      fail_damaged(folder, fmt::format("{} has the wrong size", file));
    }
    if (files[file].value("sha256", json()) !=
        file_hash_hex(Hasher::Kind::kSha256, folder / file)) {
      fail_damaged(folder, fmt::format("the checksum of {} differs", file));
    }
  }
}

State load_checkpoint(const fs::path& folder) {
  verify_checkpoint(folder);
  State state;
  state.meta = parse_file(folder, kMetaFile);
  state.tensors = read_safetensors(folder / kStateFile).tensors;
  return state;
}

std::vector<fs::path> list_checkpoints(const fs::path& run) {
  std::vector<fs::path> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(checkpoints_of(run), error)) {
    if (entry.is_directory() &&
        step_of(entry.path().filename().string()).has_value()) {
      folders.push_back(entry.path());
    }
  }
  std::sort(folders.begin(), folders.end(), [](const auto& a, const auto& b) {
    return step_of(a.filename().string()) < step_of(b.filename().string());
  });
  return folders;
}

std::optional<fs::path> find_latest(const fs::path& run) {
  std::vector<fs::path> candidates = list_checkpoints(run);
  std::reverse(candidates.begin(), candidates.end());
  const std::string latest = read_latest(run);
  const auto named = std::find_if(
      candidates.begin(), candidates.end(), [&](const fs::path& folder) {
        return folder.filename() == latest;
      });
  if (named != candidates.end()) {
    const fs::path folder = *named;
    const std::string problem = problem_of(folder);
    if (problem.empty()) {
      return folder;
    }
    log_warning("checkpoint", "{}", problem);
    candidates.erase(named);
  }
  for (const fs::path& folder : candidates) {
    const std::string problem = problem_of(folder);
    if (problem.empty()) {
      log_warning(
          "checkpoint",
          "{} names no usable checkpoint; taking the newest complete one, {}",
          (checkpoints_of(run) / kLatestFile).string(),
          folder.filename().string());
      return folder;
    }
    log_warning("checkpoint", "{}", problem);
  }
  return std::nullopt;
}

std::vector<std::string> prune(
    const fs::path& run,
    const std::set<std::string>& keep,
    int64_t every_steps) {
  const std::string latest = read_latest(run);
  if (latest.empty() || !fs::exists(checkpoints_of(run) / latest)) {
    return {};
  }
  for (const auto& entry : fs::directory_iterator(checkpoints_of(run))) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name.rfind(kTemporaryPrefix, 0) == 0) {
      remove_folder(entry.path());
    }
  }
  std::vector<std::string> deleted;
  for (const fs::path& folder : list_checkpoints(run)) {
    const std::string name = folder.filename().string();
    const bool is_due = every_steps > 0 && *step_of(name) % every_steps == 0;
    if (name != latest && !is_due && keep.count(name) == 0) {
      // Out of sight first: half a folder never carries a checkpoint's name.
      const fs::path hidden = folder.parent_path() / ("." + name + ".old");
      rename_folder(folder, hidden);
      remove_folder(hidden);
      deleted.push_back(name);
    }
  }
  return deleted;
}

}  // namespace nadir::checkpoint
