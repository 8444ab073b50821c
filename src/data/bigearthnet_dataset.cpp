#include "data/bigearthnet_dataset.h"

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_map>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/parallel.h"
#include "data/band_stack.h"
#include "data/catalog.h"
#include "data/index_catalog.h"
#include "data/labels.h"
#include "data/patch_metadata.h"
#include "data/patch_name.h"
#include "raster/geotiff.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

using raster::Image;

constexpr int kMaxDepth = 5;
constexpr int kMaxLooks = 16;  // folders looked into at each level

// All bands that a file name may end in, in the order they are reported.
const std::vector<std::string>& known_bands() {
  static const std::vector<std::string> bands = {
      "B01",
      "B02",
      "B03",
      "B04",
      "B05",
      "B06",
      "B07",
      "B08",
      "B8A",
      "B09",
      "B10",
      "B11",
      "B12",
      "VV",
      "VH"};
  return bands;
}

// "B02" for B02.tif, B2.tif and X_B02.tif; "" for other files.
std::string band_of_file(const fs::path& file) {
  if (file.extension() != ".tif" && file.extension() != ".tiff") {
    return "";
  }
  const std::string stem = file.stem().string();
  const std::string band = canonical_band(stem.substr(stem.rfind('_') + 1));
  const auto& known = known_bands();
  return std::find(known.begin(), known.end(), band) == known.end() ? "" : band;
}

// Files of one image by band.
std::map<std::string, std::string> band_files(const fs::path& folder) {
  std::map<std::string, std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string band = band_of_file(entry.path());
    if (!band.empty()) {
      files[band] = entry.path().filename().string();
    }
  }
  return files;
}

bool is_other_data(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return name == "Reference_Maps" || name.starts_with("BigEarthNet-S1") ||
         name.starts_with('.');
}

// Whether some folder at most `depth` levels below satisfies `is_wanted`.
bool find_below(
    const fs::path& folder,
    int depth,
    const std::function<bool(const fs::path&)>& is_wanted) {
  int looks = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code no_folder;  // a link that leads nowhere
    if (!entry.is_directory(no_folder) || is_other_data(entry.path())) {
      continue;
    }
    if (is_wanted(entry.path()) ||
        (depth > 1 && find_below(entry.path(), depth - 1, is_wanted))) {
      return true;
    }
    if (++looks == kMaxLooks) {
      break;
    }
  }
  return false;
}

// Image folders below `folder`: those named as patches, and in other data
// those with band files. Only the latter are looked into.
void list_images(
    const fs::path& folder,
    int depth,
    bool are_patches,
    std::vector<fs::path>& found) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code no_folder;
    if (!entry.is_directory(no_folder) || is_other_data(entry.path())) {
      continue;
    }
    const bool is_image =
        are_patches ? patch_layout(entry.path().filename().string()).has_value()
                    : !band_files(entry.path()).empty();
    if (is_image) {
      found.push_back(entry.path());
    } else if (depth > 1) {
      list_images(entry.path(), depth - 1, are_patches, found);
    }
  }
  if (error) {
    fail(
        ErrorCode::kIo, "cannot list {}: {}", folder.string(), error.message());
  }
}

// Patches are known by their names alone, and those of the two versions have
// unlike labels and splits.
void check_patches(
    const std::vector<fs::path>& folders, const std::string& root) {
  std::map<std::string, fs::path> seen;
  const auto layout = patch_layout(folders.front().filename().string());
  for (const auto& folder : folders) {
    if (patch_layout(folder.filename().string()) != layout) {
      fail(
          ErrorCode::kInvalidArgument,
          "{} holds patches of BigEarthNet v1 and of v2 ({}, {}); give the "
          "folder of one of them",
          root,
          folders.front().string(),
          folder.string());
    }
    const auto [place, is_new] =
        seen.emplace(folder.filename().string(), folder);
    if (!is_new) {
      fail(
          ErrorCode::kCorruptData,
          "{} is there twice: in {} and {}",
          place->first,
          place->second.parent_path().string(),
          folder.parent_path().string());
    }
  }
}

// 19-class labels of one patch from its JSON.
void read_json_labels(
    const fs::path& folder, const std::string& name, uint8_t* row) {
  try {
    const fs::path path = folder / metadata_file_name(name);
    const auto names = to_labels_19(parse_patch_labels(read_file(path)));
    const auto& known = labels_19();
    for (const auto& label : names.value_or(std::vector<std::string>{})) {
      row[std::find(known.begin(), known.end(), label) - known.begin()] = 1;
    }
  } catch (const Error& error) {
    fail(ErrorCode::kCorruptData, "{}: {}", name, error.what());
  }
}

class BandFileDataset : public CatalogDataset {
 public:
  BandFileDataset(
      Catalog catalog,
      std::vector<std::string> bands,
      std::vector<fs::path> folders,
      bool are_patches,
      const std::string& path)
      : CatalogDataset(
            std::move(catalog),
            std::move(bands),
            are_patches ? "BigEarthNet folder" : "folder of band files",
            path),
        folders_(std::move(folders)),
        are_patches_(are_patches) {}

  [[nodiscard]] Image read(int64_t index) const override {
    std::vector<Image> images;
    images.reserve(bands().size());
    std::vector<BandView> views;
    const auto paths = files(index);
    for (size_t b = 0; b < paths.size(); ++b) {
      images.push_back(
          raster::decode_raster(read_file(paths[b]), paths[b].string()));
      views.push_back(view_of(images.back(), 0, bands()[b]));
    }
    return stack_bands(views, name(index));
  }

  [[nodiscard]] std::vector<fs::path> files(int64_t index) const override {
    const auto& folder = folders_[static_cast<size_t>(index)];
    std::vector<fs::path> paths;
    std::map<std::string, std::string> listed;
    for (const auto& band : bands()) {
      fs::path file = folder / band_file_name(folder.filename().string(), band);
      if (!are_patches_) {
        listed = listed.empty() ? band_files(folder) : listed;
        file = folder / (listed.contains(band) ? listed[band] : band + ".tif");
      }
      paths.push_back(std::move(file));
    }
    return paths;
  }

 private:
  std::vector<fs::path> folders_;
  bool are_patches_;  // named PATCH_B02.tif; elsewhere folders are listed
};

struct Found {
  Catalog catalog;
  std::vector<fs::path> folders;
};

// The index's images that lie in the folder; it is an error if none does.
Found from_index(
    const std::string& index,
    const std::vector<fs::path>& folders,
    const DatasetOptions& options) {
  Catalog catalog = read_bigearthnet_catalog(index);
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < folders.size(); ++i) {
    places[folders[i].filename().string()] = i;
  }
  Found found;
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < catalog.size(); ++i) {
    const auto place = places.find(catalog.names[static_cast<size_t>(i)]);
    if (place != places.end()) {
      rows.push_back(i);
      found.folders.push_back(folders[place->second]);
    }
  }
  NADIR_CHECK(
      !rows.empty(),
      "none of the {} images of {} lies in {}",
      catalog.size(),
      index,
      options.data);
  if (found.folders.size() < places.size() ||
      static_cast<int64_t>(rows.size()) < catalog.size()) {
    log_warning(
        "data",
        "{} patches in {}, {} in {}: the {} in both are used",
        places.size(),
        options.data,
        catalog.size(),
        index,
        rows.size());
  }
  found.catalog = catalog.rows(rows);
  return found;
}

// Labels from the patches' own JSON files.
Found from_json(const std::vector<fs::path>& folders) {
  constexpr int64_t kGrain = 256;
  Found found;
  found.folders = folders;
  auto& catalog = found.catalog;
  catalog.class_names = labels_19();
  catalog.is_multi_label = true;
  const size_t num_classes = catalog.class_names.size();
  for (const auto& folder : folders) {
    catalog.names.push_back(folder.filename().string());
    catalog.splits.push_back(Split::kNone);
  }
  catalog.labels.assign(folders.size() * num_classes, 0);
  parallel_for(
      static_cast<int64_t>(folders.size()),
      kGrain,
      0,
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const auto at = static_cast<size_t>(i);
          read_json_labels(
              folders[at],
              catalog.names[at],
              catalog.labels.data() + at * num_classes);
        }
      });
  return found;
}

// Unlabelled, named by the path below the root.
Found from_paths(const std::vector<fs::path>& folders, const fs::path& root) {
  Found found;
  found.folders = folders;
  for (const auto& folder : folders) {
    found.catalog.names.push_back(folder.lexically_relative(root).string());
    found.catalog.splits.push_back(Split::kNone);
  }
  return found;
}

std::vector<std::string> bands_of(const fs::path& folder) {
  const auto files = band_files(folder);
  std::vector<std::string> bands;
  for (const auto& band : known_bands()) {
    if (files.contains(band)) {
      bands.push_back(band);
    }
  }
  if (bands.empty()) {
    fail(
        ErrorCode::kCorruptData,
        "{} holds no band (a file such as {}_B02.tif)",
        folder.string(),
        folder.filename().string());
  }
  return bands;
}

}  // namespace

bool is_bigearthnet_folder(const fs::path& path) {
  constexpr int kPatchDepth = 3;
  return fs::is_directory(path) &&
         find_below(path, kPatchDepth, [](const fs::path& folder) {
           return patch_layout(folder.filename().string()).has_value();
         });
}

bool is_band_file_folder(const fs::path& path) {
  return fs::is_directory(path) &&
         find_below(path, kMaxDepth, [](const fs::path& folder) {
           return band_files(folder).size() > 1;
         });
}

std::string index_beside(const fs::path& path) {
  const fs::path absolute = fs::absolute(path / "").parent_path();
  const fs::path folder =
      fs::is_directory(path) ? absolute.parent_path() : path.parent_path();
  for (const fs::path& candidate :
       {path / "index.parquet",
        path / "metadata.parquet",
        path / "metadata" / "final_ben_s2.parquet",
        folder / "index.parquet",
        folder / "metadata.parquet",
        folder / "metadata" / "final_ben_s2.parquet"}) {
    if (fs::exists(candidate)) {
      return candidate.string();
    }
  }
  return "";
}

std::unique_ptr<Dataset> open_band_file_folder(const DatasetOptions& options) {
  const fs::path root = options.data;
  const bool are_patches = is_bigearthnet_folder(root);
  std::vector<fs::path> folders;
  list_images(root, kMaxDepth, are_patches, folders);
  std::sort(folders.begin(), folders.end());
  if (are_patches) {
    check_patches(folders, options.data);
  }
  const std::string index =
      options.index.empty() && are_patches ? index_beside(root) : options.index;
  NADIR_CHECK(
      index.empty() || are_patches,
      "{} is no BigEarthNet folder; leave out --index",
      options.data);
  const bool is_v1 =
      are_patches &&
      patch_layout(folders.front().filename().string()) == PatchLayout::kV1;
  const bool has_json =
      is_v1 && fs::exists(
                   folders.front() /
                   metadata_file_name(folders.front().filename().string()));
  Found found = !index.empty() ? from_index(index, folders, options)
                : has_json     ? from_json(folders)
                               : from_paths(folders, root);
  const auto all_bands = bands_of(found.folders.front());
  std::vector<std::string> bands;
  for (const size_t place : choose_bands(options.bands, all_bands)) {
    bands.push_back(all_bands[place]);
  }
  const auto rows = choose_rows(found.catalog, options);
  std::vector<fs::path> chosen;
  for (const int64_t row : rows) {
    chosen.push_back(std::move(found.folders[static_cast<size_t>(row)]));
  }
  return std::make_unique<BandFileDataset>(
      found.catalog.rows(rows),
      std::move(bands),
      std::move(chosen),
      are_patches,
      options.data);
}

}  // namespace nadir::data
