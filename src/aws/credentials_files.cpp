#include "aws/credentials_files.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <sys/wait.h>

#include "core/error.h"

namespace nadir::aws {
namespace {

std::string value_or_empty(const Profile& profile, const char* key) {
  const auto found = profile.find(key);
  return found == profile.end() ? "" : found->second;
}

struct PipeCloser {
  void operator()(std::FILE* pipe) const { pclose(pipe); }
};

// What the command prints; its exit status goes to `status`.
std::string output_of(const std::string& command, int& status) {
  std::unique_ptr<std::FILE, PipeCloser> pipe(popen(command.c_str(), "re"));
  if (!pipe) {
    fail(ErrorCode::kIo, "no program can be started: {}", strerror(errno));
  }
  std::string text;
  std::array<char, 4096> buffer{};
  for (size_t size = 0;
       (size = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;) {
    text.append(buffer.data(), size);
  }
  status = pclose(pipe.release());
  return text;
}

}  // namespace

std::optional<Credentials> environment_credentials(
    const Environment& environment) {
  const auto id = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (!id && !secret) {
    return std::nullopt;
  }
  NADIR_CHECK(
      id && secret,
      "the environment has {} but not {}; set both, or neither",
      id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
      id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
  Credentials credentials;
  credentials.access_key_id = *id;
  credentials.secret_access_key = *secret;
  const auto token = environment("AWS_SESSION_TOKEN");
  credentials.session_token =
      token ? *token : environment("AWS_SECURITY_TOKEN").value_or("");
  if (const auto expiration = environment("AWS_CREDENTIAL_EXPIRATION")) {
    credentials.expires = parse_iso_time(*expiration);
    NADIR_CHECK(
        credentials.expires.has_value(),
        "AWS_CREDENTIAL_EXPIRATION '{}' is no time such as "
        "2026-11-26T05:00:00Z",
        *expiration);
  }
  credentials.source = "the environment";
  return credentials;
}

std::optional<Credentials> static_credentials(
    const Profile* profile, const std::string& source) {
  if (profile == nullptr) {
    return std::nullopt;
  }
  Credentials credentials;
  credentials.access_key_id = value_or_empty(*profile, "aws_access_key_id");
  credentials.secret_access_key =
      value_or_empty(*profile, "aws_secret_access_key");
  credentials.session_token = value_or_empty(*profile, "aws_session_token");
  credentials.source = source;
  if (credentials.access_key_id.empty() &&
      credentials.secret_access_key.empty()) {
    return std::nullopt;
  }
  NADIR_CHECK(
      !credentials.access_key_id.empty() &&
          !credentials.secret_access_key.empty(),
      "{} has only one of aws_access_key_id and aws_secret_access_key",
      source);
  return credentials;
}

std::optional<Credentials> process_credentials(
    const ProfileFiles& files, const std::string& profile) {
  const auto command = files.setting(profile, "credential_process");
  if (!command) {
    return std::nullopt;
  }
  const std::string source =
      fmt::format("the credential_process of profile '{}'", profile);
  int status = 0;
  const std::string text = output_of(*command, status);
  NADIR_CHECK(
      WIFEXITED(status) && WEXITSTATUS(status) == 0,
      "{} failed with status {}; run it by hand to see why",
      source,
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return parse_credentials(text, source);
}

}  // namespace nadir::aws
