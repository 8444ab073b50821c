// Services that speak the query protocol with XML answers: STS and IAM.
#pragma once

#include <memory>
#include <string>

#include "aws/retry.h"
#include "aws/session.h"

namespace nadir::aws {

// The account of the caller's keys, by STS GetCallerIdentity. Throws as
// JsonService::call().
[[nodiscard]] std::string caller_account(const Session& session);

// The role's ARN, by IAM GetRole; a text with a slash or "arn:" is one already.
[[nodiscard]] std::string role_arn(
    const Session& session, const std::string& role);

// Keys of a role by STS AssumeRoleWithWebIdentity or AssumeRole live in
// credentials_hosts.h, since sessions need them.

}  // namespace nadir::aws
