#include "cli/doctor_aws.h"

#include <algorithm>

#include <fmt/format.h>

#include "aws/profile.h"
#include "aws/query_service.h"
#include "aws/session.h"
#include "core/error.h"

namespace nadir::cli {
namespace {

constexpr const char* kKeys = "AWS keys";
constexpr const char* kRegion = "AWS region";
constexpr const char* kAccount = "AWS account";
constexpr size_t kShownLetters = 4;

// All but the last letters of a key's id.
std::string hidden_id(const std::string& id) {
  const size_t shown = id.size() > kShownLetters ? kShownLetters : 0;
  return std::string(id.size() - shown, '*') + id.substr(id.size() - shown);
}

bool has_agent(const Environment& environment) {
  return environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
         environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

// Whether somebody meant to use AWS here.
bool is_set_up(const Environment& environment) {
  for (const char* name :
       {"AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE"}) {
    if (environment(name)) {
      return true;
    }
  }
  return has_agent(environment) ||
         aws::ProfileFiles(environment).names() != "none";
}

// The same variables, without those that lead to questions over the network.
Environment offline(const Environment& environment) {
  return [environment](const std::string& name) -> std::optional<std::string> {
    if (name == "AWS_EC2_METADATA_DISABLED") {
      return "true";
    }
    return name.starts_with("AWS_CONTAINER_CREDENTIALS_") ? std::nullopt
                                                          : environment(name);
  };
}

// A role that comes before other keys and that only STS can give; "" for none.
std::string remote_role(const Environment& environment) {
  if (environment("AWS_ACCESS_KEY_ID")) {
    return "";
  }
  const std::string profile = aws::ProfileFiles::name_of("", environment);
  const aws::ProfileFiles files(environment);
  if (const auto role = files.setting(profile, "role_arn")) {
    return fmt::format("{} of profile '{}'", *role, profile);
  }
  return environment("AWS_WEB_IDENTITY_TOKEN_FILE")
             ? environment("AWS_ROLE_ARN").value_or("")
             : "";
}

Finding unasked(const std::string& place) {
  return {
      kKeys,
      place + ", not asked for",
      "nadir doctor --aws asks for its keys over the network"};
}

Finding keys_finding(
    bool asks, const aws::Session& session, const Environment& environment) {
  if (!asks) {
    if (const auto role = remote_role(environment); !role.empty()) {
      return unasked(role);
    }
  }
  try {
    const auto keys = session.credentials();
    return {
        kKeys,
        fmt::format("{}, {}", hidden_id(keys.access_key_id), keys.source),
        ""};
  } catch (const Error& error) {
    if (!asks && has_agent(environment)) {
      return unasked("the container's agent");
    }
    return {kKeys, "none", error.what()};
  }
}

Finding region_finding(const aws::Session& session) {
  try {
    const auto region = session.region_or("");
    return {kRegion, region.empty() ? "none" : region, ""};
  } catch (const Error& error) {
    return {kRegion, "none", error.what()};
  }
}

Finding account_finding(const aws::Session& session) {
  try {
    return {kAccount, aws::caller_account(session), ""};
  } catch (const Error& error) {
    return {kAccount, "unknown", error.what()};
  }
}

}  // namespace

std::vector<Finding> aws_findings(bool asks, const Environment& environment) {
  try {
    if (!asks && !is_set_up(environment)) {
      return {{kKeys, "none", ""}};
    }
    const aws::Session session(
        aws::SessionOptions{}, asks ? environment : offline(environment));
    std::vector<Finding> findings{
        keys_finding(asks, session, environment), region_finding(session)};
    if (asks && findings.front().advice.empty()) {
      findings.push_back(account_finding(session));
    }
    return findings;
  } catch (const Error& error) {
    return {{kKeys, "none", error.what()}};
  }
}

}  // namespace nadir::cli
