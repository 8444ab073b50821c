// Where a session looks for keys, in the order of AWS's own tools.
#pragma once

#include <string>
#include <vector>

#include "aws/credentials.h"
#include "aws/profile.h"
#include "core/environment.h"

namespace nadir::aws {

class Session;

// The environment's keys, the profile's role, the environment's web identity,
// the profile's own keys, a container's and an instance's. A profile that
// `is_asked_for` by a flag comes before the environment. The first three
// arguments must outlive what is returned; roles ask the session's STS.
[[nodiscard]] std::vector<CredentialsSource> credentials_sources(
    const Session& session,
    const ProfileFiles& files,
    const Environment& environment,
    const std::string& profile,
    bool is_asked_for);

}  // namespace nadir::aws
