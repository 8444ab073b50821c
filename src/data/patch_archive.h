// Patches from the stream of an archive's entries.
#pragma once

#include <memory>

#include "data/patch_source.h"

namespace nadir::data {

// As open_patch_source(), for an archive.
[[nodiscard]] std::unique_ptr<PatchSource> open_patch_archive(
    const std::filesystem::path& path, const PatchSourceOptions& options);

}  // namespace nadir::data
