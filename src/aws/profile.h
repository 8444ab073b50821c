// AWS's two files of profiles, ~/.aws/config and ~/.aws/credentials.
// Format: AWS CLI User Guide, "Configuration and credential file settings".
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "core/environment.h"

namespace nadir::aws {

// Settings by name, in lower case; those nested below `s3 =` are
// "s3.endpoint_url".
using Profile = std::map<std::string, std::string>;

// The sections of one such file, by their header: "default", "profile x",
// "services y", in the credentials file "x". Throws Error{kInvalidArgument}
// naming file and line, never the line's text, where a line is neither header,
// setting nor comment.
[[nodiscard]] std::map<std::string, Profile> parse_profiles(
    const std::string& text, const std::string& file_name);

// Both files, as AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name them, or
// below ~/.aws. Files that are not there are empty.
class ProfileFiles {
 public:
  explicit ProfileFiles(const Environment& environment);

  // AWS_DEFAULT_PROFILE, AWS_PROFILE or "default", unless `asked_for` names
  // one.
  [[nodiscard]] static std::string name_of(
      const std::string& asked_for, const Environment& environment);

  [[nodiscard]] bool has(const std::string& name) const;

  // The setting of the profile in the config file, then in the credentials
  // file.
  [[nodiscard]] std::optional<std::string> setting(
      const std::string& profile, const std::string& key) const;

  // The credentials file's settings of the profile; nothing without it.
  [[nodiscard]] const Profile* in_credentials(const std::string& name) const;
  [[nodiscard]] const Profile* in_config(const std::string& name) const;
  // `[services NAME]` of the config file.
  [[nodiscard]] const Profile* services(const std::string& name) const;

  [[nodiscard]] const std::filesystem::path& config_path() const {
    return config_path_;
  }

  [[nodiscard]] const std::filesystem::path& credentials_path() const {
    return credentials_path_;
  }

  // The profiles' names, for messages.
  [[nodiscard]] std::string names() const;

 private:
  std::filesystem::path config_path_;
  std::filesystem::path credentials_path_;
  std::map<std::string, Profile> config_;
  std::map<std::string, Profile> credentials_;
};

}  // namespace nadir::aws
