// A port for processes of this host to meet at.
#pragma once

#include <cstdint>

namespace nadir::launch {

// A TCP port on which nobody listens just now; somebody else may take it before
// it is used. Throws Error{kIo} where there is none.
[[nodiscard]] int64_t free_port();

}  // namespace nadir::launch
