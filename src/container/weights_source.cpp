#include "container/weights_source.h"

#include <algorithm>
#include <vector>

#include "container/model_archive.h"
#include "core/config.h"
#include "core/error.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepestFolder = 4;
constexpr std::string_view kCheckpointPrefix = "step-";

struct Findings {
  std::vector<fs::path> runs;  // run or checkpoint folders
  std::vector<fs::path> archives;
  std::vector<fs::path> safetensors;
  std::vector<fs::path> torch_files;
  std::vector<fs::path> probes;  // their folders
};

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with('.')) {
      entries.push_back(entry.path());
    }
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool is_checkpoint(const fs::path& folder) {
  return folder.filename().string().starts_with(kCheckpointPrefix) &&
         fs::is_directory(folder);
}

bool is_run(const fs::path& folder) {
  const auto entries = entries_of(folder / "checkpoints");
  return std::any_of(entries.begin(), entries.end(), is_checkpoint);
}

void look_at_file(const fs::path& file, Findings& found) {
  const std::string name = file.filename().string();
  if (name == "probe.json") {
    found.probes.push_back(file.parent_path());
  } else if (name.ends_with(".tar.gz") || name.ends_with(".tar")) {
    found.archives.push_back(file);
  } else if (name.ends_with(".safetensors") && name != "probe.safetensors") {
    found.safetensors.push_back(file);
  } else if (name.ends_with(".pth")) {
    found.torch_files.push_back(file);
  }
}

void look_into(const fs::path& folder, int depth, Findings& found) {
  const bool holds_run = is_run(folder);
  if (holds_run || is_checkpoint(folder)) {
    found.runs.push_back(folder);
  }
  for (const auto& entry : entries_of(folder)) {
    // Of a run, only what its evaluations left.
    const bool is_of_run = holds_run && entry.filename() != "eval";
    if (!fs::is_directory(entry)) {
      look_at_file(entry, found);
    } else if (depth < kDeepestFolder && !is_of_run && !is_checkpoint(folder)) {
      look_into(entry, depth + 1, found);
    }
  }
}

const fs::path& only_one(
    const std::vector<fs::path>& paths, const fs::path& source) {
  std::vector<std::string> names;
  for (const auto& path : paths) {
    names.push_back(path.string());
  }
  NADIR_CHECK(
      paths.size() == 1,
      "{} holds several: {}; name one with the hyperparameter "
      "pretrained_weights (of predict: probe)",
      source.string(),
      join(names, ", "));
  return paths.front();
}

// A folder of what the archive holds.
fs::path unpacked(const fs::path& archive, const fs::path& scratch) {
  const fs::path folder = scratch / "model";
  unpack_model_archive(archive, folder);
  return folder;
}

fs::path find_weights_in(
    const fs::path& folder, const fs::path& scratch, bool may_unpack) {
  Findings found;
  look_into(folder, 0, found);
  if (!found.runs.empty()) {
    return only_one(found.runs, folder);
  }
  if (!found.archives.empty() && may_unpack) {
    return find_weights_in(
        unpacked(only_one(found.archives, folder), scratch), scratch, false);
  }
  if (!found.safetensors.empty()) {
    return only_one(found.safetensors, folder);
  }
  if (!found.torch_files.empty()) {
    // checkpoint.pth is DINO's last, checkpoint0080.pth one of those kept.
    const auto last = std::find_if(
        found.torch_files.begin(),
        found.torch_files.end(),
        [](const fs::path& file) {
          return file.filename() == "checkpoint.pth";
        });
    return last != found.torch_files.end() ? *last : found.torch_files.back();
  }
  fail(
      ErrorCode::kNotFound,
      "{} holds no weights: neither a run or checkpoint of nadir, nor a "
      "model.tar.gz, a .safetensors or a .pth",
      folder.string());
}

}  // namespace

fs::path find_weights(const fs::path& source, const fs::path& scratch) {
  if (fs::is_directory(source)) {
    return find_weights_in(source, scratch, true);
  }
  return is_model_archive(source)
             ? find_weights_in(unpacked(source, scratch), scratch, false)
             : source;
}

fs::path find_probe(const fs::path& source, const fs::path& scratch) {
  fs::path folder = source;
  if (is_model_archive(source)) {
    folder = unpacked(source, scratch);
  } else if (!fs::is_directory(source)) {
    return source;
  }
  Findings found;
  look_into(folder, 0, found);
  if (found.probes.empty() && !found.archives.empty()) {
    folder = unpacked(only_one(found.archives, folder), scratch);
    found = {};
    look_into(folder, 0, found);
  }
  if (found.probes.empty()) {
    fail(
        ErrorCode::kNotFound,
        "{} holds no probe.json; a job with nadir_command linear leaves one in "
        "its model",
        source.string());
  }
  return only_one(found.probes, source);
}

}  // namespace nadir::container
