// Keys that something else hands out over HTTP: containers' agents, instances'
// metadata, and STS for roles.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "aws/credentials.h"
#include "aws/http.h"
#include "aws/uri.h"
#include "core/environment.h"

namespace nadir::aws {

// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, as ECS, EKS and
// SageMaker's containers have it. Plain http is allowed to this host and to the
// agents' own addresses only.
[[nodiscard]] std::optional<Credentials> container_credentials(
    const Environment& environment);

// The role of the EC2 instance this runs on, by its metadata service, version
// 2, then 1 unless AWS_EC2_METADATA_V1_DISABLED. Nothing where there is no such
// service within a second, or AWS_EC2_METADATA_DISABLED.
[[nodiscard]] std::optional<Credentials> instance_credentials(
    const Environment& environment);

// The instance's region, likewise.
[[nodiscard]] std::optional<std::string> instance_region(
    const Environment& environment);

// A role to take on.
struct AssumedRole {
  std::string role_arn;
  std::string session_name = "nadir";
  std::string external_id{};
  std::string duration_s{};  // how long its keys hold; "" for STS's hour
  std::string source{};      // for messages
};

// STS AssumeRoleWithWebIdentity with the token in the file. Not signed. What
// may pass is tried again, here and below.
[[nodiscard]] Credentials web_identity_credentials(
    const Endpoint& sts,
    const HttpClient& http,
    const AssumedRole& role,
    const std::string& token_file);

// STS AssumeRole, signed with `by`.
[[nodiscard]] Credentials assumed_credentials(
    const Endpoint& sts,
    const std::string& region,
    const HttpClient& http,
    const AssumedRole& role,
    const Credentials& by);

}  // namespace nadir::aws
