// The input channels of a SageMaker training job: named folders that the
// platform has filled, as inputdataconfig.json tells.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/environment.h"

namespace nadir::container {

struct Channel {
  std::string name;
  std::filesystem::path folder;
  std::string mode = "File";  // File, FastFile or Pipe
  bool is_sharded = false;    // each host has other files: ShardedByS3Key

  // A stream beside `folder` instead of files in it (pipe_channel.h).
  [[nodiscard]] bool is_pipe() const { return mode == "Pipe"; }

  bool operator==(const Channel&) const = default;
};

// The channels of <base>/input/config/inputdataconfig.json, by name, each in
// its folder of <base>/input/data or where SM_CHANNEL_<NAME> says. Without that
// file every folder there is a channel. Throws Error{kCorruptData} naming the
// file where it is not what it should be.
[[nodiscard]] std::vector<Channel> read_channels(
    const std::filesystem::path& base, const Environment& environment);

// "metadata, train", or "none", for messages.
[[nodiscard]] std::string names_of(const std::vector<Channel>& channels);

// The channel called `name`, or null.
[[nodiscard]] const Channel* find_channel(
    const std::vector<Channel>& channels, const std::string& name);

}  // namespace nadir::container
