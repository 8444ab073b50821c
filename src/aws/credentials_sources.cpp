#include "aws/credentials_sources.h"

#include <optional>

#include "aws/credentials_files.h"
#include "aws/credentials_hosts.h"
#include "aws/session.h"
#include "core/error.h"

namespace nadir::aws {
namespace {

// What a profile that takes on a role says of it.
AssumedRole role_of(const ProfileFiles& files, const std::string& profile) {
  AssumedRole role;
  role.role_arn = files.setting(profile, "role_arn").value_or("");
  role.session_name =
      files.setting(profile, "role_session_name").value_or("nadir");
  role.external_id = files.setting(profile, "external_id").value_or("");
  role.duration_s = files.setting(profile, "duration_seconds").value_or("");
  role.source = fmt::format("the role of profile '{}'", profile);
  return role;
}

// Where credentials are looked for, for one session, which outlives it.
class SourceList {
 public:
  SourceList(
      const Session& session,
      const ProfileFiles& files,
      const Environment& environment)
      : session_(session), files_(files), environment_(environment) {}

  // As credentials_sources().
  [[nodiscard]] std::vector<CredentialsSource> sources(
      const std::string& profile, bool is_asked_for) const {
    std::vector<CredentialsSource> list;
    if (!is_asked_for) {
      list.push_back({"AWS_ACCESS_KEY_ID in the environment", [self = *this] {
                        return environment_credentials(self.environment_);
                      }});
    }
    list.push_back(
        {"the role of profile '" + profile + "'", [self = *this, profile] {
           return self.role_credentials(profile, {});
         }});
    if (!is_asked_for) {
      list.push_back({"AWS_WEB_IDENTITY_TOKEN_FILE", [self = *this] {
                        return self.web_identity();
                      }});
    }
    list.push_back({"profile '" + profile + "'", [self = *this, profile] {
                      return self.profile_credentials(profile);
                    }});
    list.push_back({"the container's credentials", [self = *this] {
                      return container_credentials(self.environment_);
                    }});
    list.push_back({"the instance's role", [self = *this] {
                      return instance_credentials(self.environment_);
                    }});
    return list;
  }

 private:
  [[nodiscard]] std::optional<Credentials> profile_credentials(
      const std::string& profile) const {
    auto found = static_credentials(
        files_.in_credentials(profile),
        fmt::format(
            "profile '{}' in {}", profile, files_.credentials_path().string()));
    if (!found) {
      found = process_credentials(files_, profile);
    }
    if (!found) {
      found = static_credentials(
          files_.in_config(profile),
          fmt::format(
              "profile '{}' in {}", profile, files_.config_path().string()));
    }
    NADIR_CHECK(
        found || !(files_.setting(profile, "sso_session") ||
                   files_.setting(profile, "sso_start_url")),
        "profile '{}' signs in by SSO, which nadir does through "
        "credential_process: run aws sso login, and add to the profile the "
        "line\n  credential_process = aws configure export-credentials "
        "--profile {} --format process\nor set the keys that aws configure "
        "export-credentials --profile {} --format env prints",
        profile,
        profile,
        profile);
    return found;
  }

  // `chain` is the profiles that led here, so that a ring is found.
  [[nodiscard]] std::optional<Credentials> role_credentials(
      const std::string& profile, std::vector<std::string> chain) const {
    const AssumedRole role = role_of(files_, profile);
    if (role.role_arn.empty()) {
      return std::nullopt;
    }
    NADIR_CHECK(
        !files_.setting(profile, "mfa_serial"),
        "profile '{}' asks for a code of {} (mfa_serial), which nadir does "
        "through credential_process: add to a profile of its own the line\n"
        "  credential_process = aws configure export-credentials --profile {} "
        "--format process",
        profile,
        *files_.setting(profile, "mfa_serial"),
        profile);
    if (const auto token = files_.setting(profile, "web_identity_token_file")) {
      return web_identity_credentials(
          session_.endpoint(Service::kSts), session_.http(), role, *token);
    }
    for (const auto& earlier : chain) {
      NADIR_CHECK(
          earlier != profile,
          "the source_profile of profile '{}' leads back to itself",
          profile);
    }
    chain.push_back(profile);
    return assumed_credentials(
        session_.endpoint(Service::kSts),
        session_.region_or("us-east-1"),
        session_.http(),
        role,
        source_credentials(profile, chain));
  }

  // The keys that take on the role of `profile`.
  [[nodiscard]] Credentials source_credentials(
      const std::string& profile, const std::vector<std::string>& chain) const {
    std::optional<Credentials> found;
    const auto other = files_.setting(profile, "source_profile");
    const auto place = files_.setting(profile, "credential_source");
    if (other) {
      if (*other != profile) {
        found = role_credentials(*other, chain);
      }
      if (!found) {
        found = profile_credentials(*other);
      }
    } else if (place == "Environment") {
      found = environment_credentials(environment_);
    } else if (place == "EcsContainer") {
      found = container_credentials(environment_);
    } else if (place == "Ec2InstanceMetadata") {
      found = instance_credentials(environment_);
    }
    NADIR_CHECK(
        found,
        "profile '{}' takes on {}, but its {} gives no keys",
        profile,
        files_.setting(profile, "role_arn").value_or(""),
        other   ? "source_profile '" + *other + "'"
        : place ? "credential_source '" + *place + "'"
                : std::string("section names no source_profile, and so it"));
    return *found;
  }

  [[nodiscard]] std::optional<Credentials> web_identity() const {
    const auto token = environment_("AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto arn = environment_("AWS_ROLE_ARN");
    if (!token || !arn) {
      return std::nullopt;
    }
    AssumedRole role;
    role.role_arn = *arn;
    role.session_name = environment_("AWS_ROLE_SESSION_NAME").value_or("nadir");
    role.source = "the web identity of AWS_WEB_IDENTITY_TOKEN_FILE";
    return web_identity_credentials(
        session_.endpoint(Service::kSts), session_.http(), role, *token);
  }

  const Session& session_;
  const ProfileFiles& files_;
  const Environment& environment_;
};

}  // namespace

std::vector<CredentialsSource> credentials_sources(
    const Session& session,
    const ProfileFiles& files,
    const Environment& environment,
    const std::string& profile,
    bool is_asked_for) {
  return SourceList(session, files, environment).sources(profile, is_asked_for);
}

}  // namespace nadir::aws
