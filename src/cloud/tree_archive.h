// Folders as the one .tar.gz that SageMaker makes of them.
#pragma once

#include <filesystem>

namespace nadir::cloud {

// Writes all files below `folder`, by their names below it, to the .tar.gz
// `archive`. Throws Error{kIo}; then there is no archive.
void write_tree_archive(
    const std::filesystem::path& folder, const std::filesystem::path& archive);

}  // namespace nadir::cloud
