// model.tar.gz: what a training job has left in /opt/ml/model.
#pragma once

#include <filesystem>

namespace nadir::container {

// Whether the file is a tar archive, compressed or not.
[[nodiscard]] bool is_model_archive(const std::filesystem::path& path);

// Writes the archive's files below `folder`. Throws Error{kCorruptData} where
// an entry is a link or no file, or its name is absolute or leads out of
// `folder`; what is behind it is then not written.
void unpack_model_archive(
    const std::filesystem::path& archive, const std::filesystem::path& folder);

}  // namespace nadir::container
