// Where a job's images, their index and its weights are: by hyperparameters
// that name paths or channels, else by the usual names of channels.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "container/training_job.h"

namespace nadir::container {

// What a job can be given, and how.
struct InputRole {
  const char* what;                          // for messages: "images"
  std::vector<std::string> hyperparameters;  // that name its path
  std::string channel_key;                   // the one that names its channel
  std::vector<std::string> usual_channels;
  bool takes_only_other = false;  // a channel of no other role, if it is one
  bool is_searched = false;  // a file that its channel lacks: another there
};

[[nodiscard]] const InputRole& image_role();
[[nodiscard]] const InputRole& index_role();
[[nodiscard]] const InputRole& weights_role();

// The hyperparameter of the role that is set; nothing where none is. Throws
// Error{kInvalidArgument} where several are.
[[nodiscard]] std::optional<std::string> given_name(
    const Hyperparameters& hyperparameters, const InputRole& role);

// The role's path: as its hyperparameter says, images and index at s3:// too,
// else its channel's folder; nothing where there is neither. A path in a
// channel that the job does not have is looked for in the role's channel (the
// article's classifier names
// .../train and has the channel dataset), with a line in `remarks`; so are
// weights that their channel does not have (checkpoint.pth of a job of nadir),
// in all of it. Throws
// Error{kNotFound} where the path is not there, and Error{kInvalidArgument}
// naming the job's channels where a channel is not, for weights in one in Pipe
// mode, and for one whose files are sharded over several hosts.
[[nodiscard]] std::optional<std::filesystem::path> find_input(
    const TrainingJob& job,
    const InputRole& role,
    std::vector<std::string>& remarks);

// The same where it must be there.
[[nodiscard]] std::filesystem::path require_input(
    const TrainingJob& job,
    const InputRole& role,
    std::vector<std::string>& remarks);

// The channel in Pipe mode whose folder find_input() gave, or null: there are
// no files in it.
[[nodiscard]] const Channel* pipe_at(
    const TrainingJob& job, const std::filesystem::path& path);

// The images below `path`: itself, or what its only folder or archive is.
[[nodiscard]] std::filesystem::path images_in(
    const std::filesystem::path& path);

// The one .parquet of the folder `path`; a file as it is. Throws
// Error{kInvalidArgument} where the folder holds none or several.
[[nodiscard]] std::filesystem::path index_in(const std::filesystem::path& path);

}  // namespace nadir::container
