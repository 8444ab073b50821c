#pragma once

#include <string>

namespace nadir {

// What this host calls itself; "unknown" where it does not say.
[[nodiscard]] std::string host_name();

}  // namespace nadir
