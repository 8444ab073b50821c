#include "container/channels.h"

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;

// As the SageMaker Training Toolkit names it: `-` stays.
std::string variable_of(const std::string& channel) {
  std::string name = "SM_CHANNEL_" + channel;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return static_cast<char>(std::toupper(c));
  });
  return name;
}

std::vector<Channel> channels_of_config(const fs::path& file) {
  const auto config = parse_json_or_discard(read_file(file));
  const auto refuse = [&](const std::string& rule) {
    fail(
        ErrorCode::kCorruptData,
        "{}: {}; SageMaker writes it, so the job's set-up is broken",
        file.string(),
        rule);
  };
  if (!config.is_object()) {
    refuse("expected a JSON object");
  }
  std::vector<Channel> channels;
  for (const auto& [name, settings] : config.items()) {
    if (!settings.is_object() || name.empty() ||
        name.find('/') != std::string::npos || name.front() == '.') {
      refuse(fmt::format("'{}' is no channel with its settings", name));
    }
    const auto text = [&](const char* key, const char* otherwise) {
      const auto found = settings.find(key);
      return found != settings.end() && found->is_string()
                 ? found->get<std::string>()
                 : std::string(otherwise);
    };
    Channel channel;
    channel.name = name;
    channel.mode = text("TrainingInputMode", "File");
    channel.is_sharded =
        text("S3DistributionType", "FullyReplicated") == "ShardedByS3Key";
    channels.push_back(channel);
  }
  return channels;
}

std::vector<Channel> channels_of_folders(const fs::path& data) {
  std::vector<Channel> channels;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data, error)) {
    if (entry.is_directory()) {
      Channel channel;
      channel.name = entry.path().filename().string();
      channels.push_back(channel);
    }
  }
  return channels;
}

}  // namespace

std::vector<Channel> read_channels(
    const fs::path& base, const Environment& environment) {
  const fs::path file = base / "input/config/inputdataconfig.json";
  const fs::path data = base / "input/data";
  auto channels =
      fs::exists(file) ? channels_of_config(file) : channels_of_folders(data);
  for (Channel& channel : channels) {
    channel.folder = environment(variable_of(channel.name))
                         .value_or((data / channel.name).string());
  }
  std::sort(channels.begin(), channels.end(), [](const auto& a, const auto& b) {
    return a.name < b.name;
  });
  return channels;
}

std::string names_of(const std::vector<Channel>& channels) {
  std::vector<std::string> names;
  for (const Channel& channel : channels) {
    names.push_back(channel.name);
  }
  return names.empty() ? "none" : join(names, ", ");
}

const Channel* find_channel(
    const std::vector<Channel>& channels, const std::string& name) {
  for (const Channel& channel : channels) {
    if (channel.name == name) {
      return &channel;
    }
  }
  return nullptr;
}

}  // namespace nadir::container
