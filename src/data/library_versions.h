// Versions of the libraries that this room uses, for `nadir doctor`.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace nadir::data {

// Name and version of LMDB, libarchive and libcurl.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
library_versions();

}  // namespace nadir::data
