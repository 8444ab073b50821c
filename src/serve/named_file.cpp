#include "serve/named_file.h"

#include <algorithm>

#include "core/error.h"
#include "core/file.h"
#include "data/band_stack.h"
#include "data/patch_name.h"
#include "raster/geotiff.h"
#include "serve/picture_reader.h"

namespace nadir::serve {
namespace fs = std::filesystem;

namespace {

// The file or folder itself, links followed, which must lie below the root.
fs::path resolved(
    const fs::path& path, const std::string& name, const ImageRules& rules) {
  std::error_code error;
  const fs::path root = fs::canonical(rules.allowed_paths, error);
  const fs::path found = fs::canonical(root / path, error);
  const auto [root_end, inside] =
      std::mismatch(root.begin(), root.end(), found.begin(), found.end());
  // One answer for what is not there and what is elsewhere: a client learns
  // nothing of other folders.
  if (error || root_end != root.end()) {
    fail(
        ErrorCode::kNotFound,
        "{}: there is no '{:.200}' in the folder of --allow-paths",
        name,
        path.string());
  }
  return found;
}

std::string read_bounded(
    const fs::path& file, const std::string& name, const ImageRules& rules) {
  NADIR_CHECK(
      fs::is_regular_file(file), "{}: it names no file of pixels", name);
  const auto size = static_cast<int64_t>(fs::file_size(file));
  NADIR_CHECK(
      size <= rules.max_file_bytes,
      "{}: the file has {} bytes, at most {} are read",
      name,
      size,
      rules.max_file_bytes);
  return read_file(file);
}

raster::Image read_patch(
    const fs::path& folder, const std::string& name, const ImageRules& rules) {
  std::vector<raster::Image> images;
  std::vector<data::BandView> views;
  const auto& bands = rules.normalization.bands;
  images.reserve(bands.size());
  const std::string patch = folder.filename().string();
  for (const auto& band : bands) {
    fs::path file = folder / data::band_file_name(patch, band);
    if (!fs::exists(file)) {
      file = folder / (band + ".tif");
    }
    const auto what = fmt::format("{}, band {}", name, band);
    images.push_back(raster::decode_raster(
        read_bounded(resolved(file, what, rules), what, rules),
        what,
        rules.max_image_bytes));
    NADIR_CHECK(
        images.back().num_bands() == 1,
        "{}: the file has {} bands",
        what,
        images.back().num_bands());
    views.push_back(data::view_of(images.back(), 0, band));
  }
  return data::stack_bands(views, name);
}

}  // namespace

raster::Image read_named_image(
    const std::string& path, const std::string& name, const ImageRules& rules) {
  NADIR_CHECK(
      path.find("://") == std::string::npos,
      "{}: addresses such as s3:// are not read; send the pixels in \"data\"",
      name);
  NADIR_CHECK(
      !rules.allowed_paths.empty(),
      "{}: this server reads no paths; it was started without --allow-paths. "
      "Send the pixels in \"data\"",
      name);
  NADIR_CHECK(
      !path.empty() && path.find('\0') == std::string::npos &&
          fs::path(path).is_relative(),
      "{}: a path must be relative to the folder of --allow-paths",
      name);
  const auto found = resolved(path, name, rules);
  if (fs::is_directory(found)) {
    return read_patch(found, name, rules);
  }
  const auto bytes = read_bounded(found, name, rules);
  const auto extension = found.extension();
  if (extension == ".npy") {
    const auto array = parse_npy(bytes);
    NADIR_CHECK(
        count_images(array, rules) == 1, "{}: it holds several images", name);
    return read_array(array, 0, name, rules);
  }
  if (extension == ".safetensors") {
    return read_band_tensors(bytes, name, rules);
  }
  const bool is_tiff = bytes.starts_with("II") || bytes.starts_with("MM");
  return is_tiff ? read_tiff(bytes, name, rules)
                 : read_picture(bytes, name, rules);
}

}  // namespace nadir::serve
