#include "container/job_inputs.h"

#include <algorithm>

#include "core/config.h"
#include "core/error.h"
#include "data/archive_entries.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;

// Channels named by a hyperparameter, or usual, for a role that is not `own`.
bool is_of_other_role(
    const TrainingJob& job, const InputRole& own, const std::string& name) {
  for (const auto* role : {&image_role(), &index_role(), &weights_role()}) {
    const auto& usual = role->usual_channels;
    if (role->channel_key != own.channel_key &&
        (job.hyperparameters.text(role->channel_key) == name ||
         std::find(usual.begin(), usual.end(), name) != usual.end())) {
      return true;
    }
  }
  return false;
}

const Channel* only_other_channel(
    const TrainingJob& job, const InputRole& role) {
  const Channel* only = nullptr;
  for (const Channel& channel : job.channels) {
    if (!is_of_other_role(job, role, channel.name)) {
      if (only != nullptr) {
        return nullptr;
      }
      only = &channel;
    }
  }
  return only;
}

const Channel* channel_of(const TrainingJob& job, const InputRole& role) {
  if (const auto name = job.hyperparameters.text(role.channel_key)) {
    const Channel* channel = find_channel(job.channels, *name);
    NADIR_CHECK(
        channel != nullptr,
        "hyperparameter {}: the job has no channel '{}'; its channels: {}",
        role.channel_key,
        *name,
        names_of(job.channels));
    return channel;
  }
  for (const auto& name : role.usual_channels) {
    if (const Channel* channel = find_channel(job.channels, name)) {
      return channel;
    }
  }
  return role.takes_only_other ? only_other_channel(job, role) : nullptr;
}

void check_channel(
    const TrainingJob& job, const InputRole& role, const Channel& channel) {
  NADIR_CHECK(
      !channel.is_pipe() || !role.is_searched,
      "channel {} is in Pipe mode, a stream, and {} are looked for among the "
      "files of their channel; give it the input mode File",
      channel.name,
      role.what);
  NADIR_CHECK(
      !channel.is_sharded || job.hosts.num_nodes == 1,
      "channel {} is ShardedByS3Key over {} hosts: each would have other "
      "files, patches without all their bands among them, and all must see "
      "the same images; make it FullyReplicated",
      channel.name,
      job.hosts.num_nodes);
}

// The channel that `path` lies in, or null.
const Channel* channel_around(const TrainingJob& job, const fs::path& path) {
  for (const Channel& channel : job.channels) {
    const fs::path below = path.lexically_relative(channel.folder);
    if (!below.empty() && *below.begin() != "..") {
      return &channel;
    }
  }
  return nullptr;
}

// A path that is not there: in the folder that SM_CHANNEL_* names, or in the
// role's channel instead of one that the job does not have.
fs::path find_elsewhere(
    const TrainingJob& job,
    const InputRole& role,
    const std::string& name,
    const fs::path& path,
    std::vector<std::string>& remarks) {
  const fs::path below = path.lexically_relative(job.paths.channels);
  if (below.empty() || below == "." || *below.begin() == "..") {
    fail(
        ErrorCode::kNotFound,
        "hyperparameter {}: there is no {}",
        name,
        path.string());
  }
  const std::string named = below.begin()->string();
  const Channel* channel = find_channel(job.channels, named);
  if (channel == nullptr) {
    channel = channel_of(job, role);
    NADIR_CHECK(
        channel != nullptr,
        "hyperparameter {}: {} is in channel '{}', which the job does not "
        "have; its channels: {}",
        name,
        path.string(),
        named,
        names_of(job.channels));
    remarks.push_back(fmt::format(
        "{}: the job has no channel '{}'; taking the {} of channel '{}'",
        name,
        named,
        role.what,
        channel->name));
  }
  fs::path found = channel->folder;
  for (auto part = std::next(below.begin()); part != below.end(); ++part) {
    found /= *part;
  }
  return found;
}

// At most `limit` visible entries of a folder, which may have half a million.
std::vector<fs::path> first_entries(const fs::path& folder, size_t limit) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with('.')) {
      entries.push_back(entry.path());
    }
    if (entries.size() == limit) {
      break;
    }
  }
  return entries;
}

// Whether a folder's only entry is the patch or class that its images are in.
bool holds_images(const fs::path& folder) {
  const auto entries = first_entries(folder, 1);
  return !entries.empty() && !fs::is_directory(entries.front()) &&
         !fs::exists(folder / "dataset.json") &&
         !data::is_archive(entries.front());
}

}  // namespace

const InputRole& image_role() {
  static const InputRole role{
      "images",
      {"data_dir", "data_path", "data"},
      "data_channel",
      {"train", "dataset"},
      true};
  return role;
}

const InputRole& index_role() {
  static const InputRole role{
      "index", {"metadata_dir", "index"}, "metadata_channel", {"metadata"}};
  return role;
}

const InputRole& weights_role() {
  static const InputRole role{
      "weights",
      {"pretrained_weights", "weights"},
      "checkpoint_channel",
      {"dino_checkpoint", "checkpoint"},
      false,
      true};
  return role;
}

std::optional<std::string> given_name(
    const Hyperparameters& hyperparameters, const InputRole& role) {
  std::vector<std::string> given;
  for (const auto& name : role.hyperparameters) {
    if (hyperparameters.text(name).value_or("") != "") {
      given.push_back(name);
    }
  }
  NADIR_CHECK(
      given.size() < 2,
      "hyperparameters {} say the same thing, where the {} are; keep one",
      join(given, " and "),
      role.what);
  return given.empty() ? std::nullopt : std::optional(given.front());
}

std::optional<fs::path> find_input(
    const TrainingJob& job,
    const InputRole& role,
    std::vector<std::string>& remarks) {
  const auto name = given_name(job.hyperparameters, role);
  if (!name) {
    const Channel* channel = channel_of(job, role);
    if (channel == nullptr) {
      return std::nullopt;
    }
    check_channel(job, role, *channel);
    return channel->folder;
  }
  const std::string text = *job.hyperparameters.text(*name);
  if (text.starts_with("s3://") && !role.is_searched) {
    return text;  // read from there (docs/s3.md)
  }
  fs::path path = job.paths.here(text);
  if (!fs::exists(path)) {
    path = find_elsewhere(job, role, *name, path, remarks);
  }
  const Channel* around = channel_around(job, path);
  if (around != nullptr) {
    check_channel(job, role, *around);
    if (around->is_pipe()) {
      return around->folder;
    }
  }
  if (fs::exists(path)) {
    return path;
  }
  if (!role.is_searched || around == nullptr) {
    fail(
        ErrorCode::kNotFound,
        "hyperparameter {}: there is no {}",
        *name,
        path.string());
  }
  remarks.push_back(fmt::format(
      "{}: there is no {}; taking the {} that channel '{}' has",
      *name,
      path.string(),
      role.what,
      around->name));
  return around->folder;
}

fs::path require_input(
    const TrainingJob& job,
    const InputRole& role,
    std::vector<std::string>& remarks) {
  const auto found = find_input(job, role, remarks);
  NADIR_CHECK(
      found.has_value(),
      "the job has no channel with {}: expected '{}', or the hyperparameter {} "
      "to name one; its channels: {}",
      role.what,
      join(role.usual_channels, "' or '"),
      role.channel_key,
      names_of(job.channels));
  return *found;
}

const Channel* pipe_at(const TrainingJob& job, const fs::path& path) {
  const Channel* channel = channel_around(job, path);
  return channel != nullptr && channel->is_pipe() ? channel : nullptr;
}

fs::path images_in(const fs::path& path) {
  if (!fs::is_directory(path)) {
    return path;
  }
  const auto entries = first_entries(path, 2);
  if (entries.size() != 1) {
    return path;
  }
  const fs::path& only = entries.front();
  if (fs::is_directory(only)) {
    return holds_images(only) ? path : images_in(only);
  }
  return data::is_archive(only) ? only : path;
}

fs::path index_in(const fs::path& path) {
  if (!fs::is_directory(path)) {
    return path;
  }
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == ".parquet") {
      files.push_back(entry.path().filename().string());
    }
  }
  std::sort(files.begin(), files.end());
  NADIR_CHECK(
      files.size() == 1,
      "{} must hold exactly one .parquet file, the index; it holds {}",
      path.string(),
      files.empty() ? "none" : join(files, ", "));
  return path / files.front();
}

}  // namespace nadir::container
