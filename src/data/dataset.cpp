#include "data/dataset.h"

#include <algorithm>

#include "core/error.h"
#include "data/archive_entries.h"
#include "data/bigearthnet_dataset.h"
#include "data/dataset_folder.h"
#include "data/dataset_info.h"
#include "data/image_folder.h"
#include "data/image_list.h"
#include "data/scene_dataset.h"
#include "data/shards.h"
#include "raster/image_file.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

std::unique_ptr<Dataset> open_file(const DatasetOptions& options) {
  const fs::path path = options.data;
  NADIR_CHECK(
      !is_archive(path),
      "{} is an archive; one of BigEarthNet is packed once with `nadir data "
      "index` and `nadir data pack`, any other is unpacked; give --data the "
      "folder that makes",
      options.data);
  NADIR_CHECK(
      path.extension() != ".parquet",
      "{} is an index; give --data the folder of the patches and --index this "
      "file",
      options.data);
  if (!raster::has_image_extension(path)) {
    return open_image_list(options);
  }
  NADIR_CHECK(
      are_scenes({path}, options.window_px),
      "{} is one image; --data takes a folder, a list or a GeoTIFF scene of at "
      "least four windows ({} px) across",
      options.data,
      options.window_px);
  return open_scenes(path.parent_path(), {path}, options);
}

// Whether the folder is an LMDB environment or holds numbered ones.
bool holds_shards(const fs::path& folder) {
  return fs::exists(folder / kEnvironmentFile) ||
         fs::exists(environment_path(folder, 0) / kEnvironmentFile);
}

// The files of a folder without folders; empty if it has any.
std::vector<fs::path> flat_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().native().starts_with('.')) {
      continue;
    }
    std::error_code no_folder;
    if (entry.is_directory(no_folder)) {
      return {};
    }
    if (raster::has_image_extension(entry.path())) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::unique_ptr<Dataset> open_remote(const DatasetOptions& options) {
  NADIR_ASSERT(options.remote);
  if (store::is_remote(options.data)) {
    auto dataset = open_remote_dataset_folder(options);
    if (dataset) {
      return dataset;
    }
  }
  DatasetOptions copied = options;
  copied.data = options.remote->input(options.data);
  copied.index = options.remote->input(options.index);
  return open_dataset(copied);
}

}  // namespace

std::unique_ptr<Dataset> open_dataset(const DatasetOptions& options) {
  NADIR_CHECK(!options.data.empty(), "data: no path is given");
  if (store::is_remote(options.data) || store::is_remote(options.index)) {
    return open_remote(options);
  }
  const fs::path path = options.data;
  if (!fs::exists(path)) {
    fail(ErrorCode::kNotFound, "data: there is no {}", options.data);
  }
  if (!fs::is_directory(path)) {
    return open_file(options);
  }
  if (fs::exists(path / kDatasetFile)) {
    return open_dataset_folder(options);
  }
  check_is_not_begun(path);
  if (holds_shards(path)) {
    return open_shards_with_index(options);
  }
  if (is_bigearthnet_folder(path) || is_band_file_folder(path)) {
    return open_band_file_folder(options);
  }
  NADIR_CHECK(
      options.index.empty(),
      "{} is no BigEarthNet folder; leave out --index",
      options.data);
  const auto files = flat_files(path);
  if (are_scenes(files, options.window_px)) {
    return open_scenes(path, files, options);
  }
  return open_image_folder(options);
}

}  // namespace nadir::data
