#include "data/patch_source.h"

#include "core/error.h"
#include "data/patch_archive.h"
#include "data/patch_folder.h"
#include "data/patch_name.h"

namespace nadir::data {

std::string too_large_problem(const std::string& file) {
  return fmt::format(
      "{} is larger than {} MiB", file, kMaxPatchFileBytes >> 20);
}

std::unique_ptr<PatchSource> open_patch_source(
    const std::filesystem::path& path, const PatchSourceOptions& options) {
  for (const auto& band : options.bands) {
    NADIR_CHECK(
        band_size_px(band).has_value(),
        "BigEarthNet has no band '{}'{}; it has B01 to B09, B8A, B11 and B12",
        band,
        band == "B10" ? " (surface reflectance has no cirrus band)" : "");
  }
  if (store::is_remote(path.string())) {
    return open_patch_archive(path, options);
  }
  if (!std::filesystem::exists(path)) {
    fail(
        ErrorCode::kNotFound,
        "{}: there is no such folder or archive",
        path.string());
  }
  return std::filesystem::is_directory(path)
             ? open_patch_folder(path, options)
             : open_patch_archive(path, options);
}

}  // namespace nadir::data
