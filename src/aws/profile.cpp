#include "aws/profile.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "core/error.h"
#include "core/file.h"

namespace nadir::aws {
namespace {

namespace fs = std::filesystem;

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r");
  const auto end = text.find_last_not_of(" \t\r");
  return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

// "profile  'a b'" is "profile a b": one blank, no quotation marks.
std::string header_name(const std::string& text) {
  const std::string name = trimmed(text);
  const auto blank = name.find_first_of(" \t");
  if (blank == std::string::npos) {
    return name;
  }
  std::string second = trimmed(name.substr(blank));
  if (second.size() >= 2 && second.front() == second.back() &&
      (second.front() == '"' || second.front() == '\'')) {
    second = second.substr(1, second.size() - 2);
  }
  return name.substr(0, blank) + " " + second;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return text;
}

// Without the comment behind a blank. A command's text is the shell's to read.
std::string setting_value(const std::string& name, const std::string& text) {
  if (name == "credential_process") {
    return text;
  }
  size_t end = text.size();
  for (const char* comment : {" #", " ;", "\t#", "\t;"}) {
    end = std::min(end, text.find(comment));
  }
  return trimmed(text.substr(0, end));
}

fs::path path_from(
    const Environment& environment, const char* variable, const char* name) {
  const fs::path home = environment("HOME").value_or("");
  if (const auto path = environment(variable)) {
    return path->starts_with("~/") ? home / path->substr(2) : fs::path(*path);
  }
  return home.empty() ? fs::path() : home / ".aws" / name;
}

std::map<std::string, Profile> read_profiles(const fs::path& path) {
  std::error_code code;
  if (path.empty() || !fs::is_regular_file(path, code)) {
    return {};
  }
  return parse_profiles(read_file(path), path.string());
}

const Profile* find_profile(
    const std::map<std::string, Profile>& profiles, const std::string& name) {
  const auto found = profiles.find(name);
  return found == profiles.end() ? nullptr : &found->second;
}

std::string config_header(const std::string& name) {
  return name == "default" ? name : "profile " + name;
}

}  // namespace

std::map<std::string, Profile> parse_profiles(
    const std::string& text, const std::string& file_name) {
  std::map<std::string, Profile> profiles;
  Profile* profile = nullptr;
  std::string parent;  // the setting that indented lines belong to
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string content = trimmed(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') {
      continue;
    }
    if (content.front() == '[') {
      const auto end = content.find(']');
      NADIR_CHECK(
          end != std::string::npos,
          "{}, line {}: the header lacks its ]",
          file_name,
          number);
      profile = &profiles[header_name(content.substr(1, end - 1))];
      parent.clear();
      continue;
    }
    const auto equals = content.find('=');
    // The line itself may hold a secret: it is not shown.
    NADIR_CHECK(
        equals != std::string::npos && profile != nullptr,
        "{}, line {}: expected [profile NAME], then lines of name = value",
        file_name,
        number);
    const std::string name = lower_case(trimmed(content.substr(0, equals)));
    const std::string value =
        setting_value(name, trimmed(content.substr(equals + 1)));
    const bool is_nested = line.front() == ' ' || line.front() == '\t';
    if (is_nested && !parent.empty()) {
      (*profile)[parent + "." + name] = value;
    } else {
      (*profile)[name] = value;
      parent = value.empty() ? name : "";
    }
  }
  return profiles;
}

ProfileFiles::ProfileFiles(const Environment& environment)
    : config_path_(path_from(environment, "AWS_CONFIG_FILE", "config")),
      credentials_path_(
          path_from(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")),
      config_(read_profiles(config_path_)),
      credentials_(read_profiles(credentials_path_)) {}

std::string ProfileFiles::name_of(
    const std::string& asked_for, const Environment& environment) {
  if (!asked_for.empty()) {
    return asked_for;
  }
  const auto by_default = environment("AWS_DEFAULT_PROFILE");
  return by_default ? *by_default
                    : environment("AWS_PROFILE").value_or("default");
}

const Profile* ProfileFiles::in_config(const std::string& name) const {
  const auto* profile = find_profile(config_, config_header(name));
  // `[profile default]` is the default too.
  return profile == nullptr ? find_profile(config_, "profile " + name)
                            : profile;
}

const Profile* ProfileFiles::in_credentials(const std::string& name) const {
  return find_profile(credentials_, name);
}

const Profile* ProfileFiles::services(const std::string& name) const {
  return find_profile(config_, "services " + name);
}

bool ProfileFiles::has(const std::string& name) const {
  return in_config(name) != nullptr || in_credentials(name) != nullptr;
}

std::optional<std::string> ProfileFiles::setting(
    const std::string& profile, const std::string& key) const {
  for (const auto* settings : {in_config(profile), in_credentials(profile)}) {
    if (settings != nullptr) {
      const auto found = settings->find(key);
      if (found != settings->end() && !found->second.empty()) {
        return found->second;
      }
    }
  }
  return std::nullopt;
}

std::string ProfileFiles::names() const {
  std::map<std::string, bool> names;
  for (const auto& [header, profile] : config_) {
    if (header == "default" || header.starts_with("profile ")) {
      names[header == "default" ? header : header.substr(8)] = true;
    }
  }
  for (const auto& [name, profile] : credentials_) {
    names[name] = true;
  }
  std::string text;
  for (const auto& [name, unused] : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text.empty() ? "none" : text;
}

}  // namespace nadir::aws
