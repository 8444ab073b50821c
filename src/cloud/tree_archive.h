// Folders as the one .tar.gz that SageMaker makes of them.
#pragma once

#include <filesystem>
#include <vector>

namespace nadir::cloud {

// All files below `folder`, by their paths.
[[nodiscard]] std::vector<std::filesystem::path> sorted_files(
    const std::filesystem::path& folder);

// Writes all files below `folder`, by their names below it, to the .tar.gz
// `archive`. Throws Error{kIo}; then there is no archive.
void write_tree_archive(
    const std::filesystem::path& folder, const std::filesystem::path& archive);

}  // namespace nadir::cloud
