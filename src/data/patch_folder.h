// Patches from a folder, unpacked as the archive holds them.
#pragma once

#include <memory>

#include "data/patch_source.h"

namespace nadir::data {

// As open_patch_source(), for a folder: patches lie at most three levels
// below it. Sentinel-1 folders and reference maps are left out.
[[nodiscard]] std::unique_ptr<PatchSource> open_patch_folder(
    const std::filesystem::path& path, const PatchSourceOptions& options);

}  // namespace nadir::data
