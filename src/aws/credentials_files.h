// Keys from the environment, from profiles, and from programs they name.
#pragma once

#include <optional>
#include <string>

#include "aws/credentials.h"
#include "aws/profile.h"
#include "core/environment.h"

namespace nadir::aws {

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and
// AWS_CREDENTIAL_EXPIRATION. Throws Error{kInvalidArgument} where only one of
// the first two is set, or the last is no time.
[[nodiscard]] std::optional<Credentials> environment_credentials(
    const Environment& environment);

// aws_access_key_id and its fellows of one section. `source` names it.
[[nodiscard]] std::optional<Credentials> static_credentials(
    const Profile* profile, const std::string& source);

// What the profile's credential_process prints. The program gets this process's
// environment; its error output goes to ours. Throws Error{kInvalidArgument}
// where it fails or prints no credentials; the command itself is not shown,
// since it may hold a secret.
[[nodiscard]] std::optional<Credentials> process_credentials(
    const ProfileFiles& files, const std::string& profile);

}  // namespace nadir::aws
