#include "data/image_folder.h"

#include <algorithm>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "data/picture_dataset.h"
#include "raster/image_file.h"

namespace nadir::data {
namespace fs = std::filesystem;

namespace {

// Whether the entry is a link to a folder that it lies in: following it would
// find every image again and again.
bool leads_back(const fs::directory_entry& entry) {
  std::error_code error;
  if (!entry.is_symlink(error)) {
    return false;
  }
  const std::string target = fs::canonical(entry.path(), error) / "";
  if (error) {
    return false;  // leads nowhere
  }
  const std::string parent =
      fs::canonical(entry.path().parent_path(), error) / "";
  return parent.starts_with(target);
}

// Paths below the root with `/`, sorted; no file is opened or asked for its
// status where the file system tells its kind.
std::vector<std::string> list_images(const fs::path& root) {
  std::vector<std::string> names;
  const auto options = fs::directory_options::follow_directory_symlink |
                       fs::directory_options::skip_permission_denied;
  const size_t root_length = (root / "").string().size();
  for (auto entry = fs::recursive_directory_iterator(root, options);
       entry != fs::recursive_directory_iterator();
       ++entry) {
    const std::string& path = entry->path().native();
    if (entry->path().filename().native().starts_with('.')) {
      entry.disable_recursion_pending();
      continue;
    }
    if (leads_back(*entry)) {
      entry.disable_recursion_pending();
      continue;
    }
    std::error_code no_folder;
    if (raster::has_image_extension(entry->path()) &&
        !entry->is_directory(no_folder)) {
      names.push_back(path.substr(root_length));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// What stands before the first `/` of a text from `begin`, if there is one.
std::optional<std::string> first_part(const std::string& text, size_t begin) {
  const size_t slash = text.find('/', begin);
  if (slash == std::string::npos) {
    return std::nullopt;
  }
  return text.substr(begin, slash - begin);
}

// The split folder that a name begins with.
std::optional<Split> split_of(const std::string& name) {
  const auto part = first_part(name, 0);
  return part ? parse_split(*part) : std::nullopt;
}

// The class folder of each image, or nothing if the images are not in class
// folders.
std::vector<std::string> class_folders(
    const std::vector<std::string>& names, bool has_splits) {
  std::vector<std::string> folders;
  std::set<std::string> unique;
  for (const auto& name : names) {
    const size_t begin = has_splits ? name.find('/') + 1 : 0;
    const auto folder = first_part(name, begin);
    const bool is_direct =
        folder &&
        name.find('/', begin + folder->size() + 1) == std::string::npos;
    if (!is_direct) {
      return {};
    }
    folders.push_back(*folder);
    unique.insert(*folder);
  }
  return unique.size() < 2 ? std::vector<std::string>{} : folders;
}

}  // namespace

ImageFolder scan_image_folder(const fs::path& root) {
  ImageFolder result;
  auto& catalog = result.catalog;
  catalog.names = list_images(root);
  if (catalog.names.empty()) {
    fail(
        ErrorCode::kNotFound,
        "{} holds no images (.jpg, .png, .tif), no dataset.json and no "
        "BigEarthNet patches",
        root.string());
  }
  const bool has_splits =
      std::all_of(catalog.names.begin(), catalog.names.end(), split_of);
  for (const auto& name : catalog.names) {
    result.files.push_back(root / name);
    catalog.splits.push_back(has_splits ? *split_of(name) : Split::kNone);
  }
  const auto folders = class_folders(catalog.names, has_splits);
  if (folders.empty()) {
    return result;
  }
  const std::set<std::string> unique(folders.begin(), folders.end());
  catalog.class_names.assign(unique.begin(), unique.end());
  const size_t num_classes = catalog.class_names.size();
  catalog.labels.assign(folders.size() * num_classes, 0);
  for (size_t i = 0; i < folders.size(); ++i) {
    const auto found = std::lower_bound(
        catalog.class_names.begin(), catalog.class_names.end(), folders[i]);
    const auto label = static_cast<size_t>(found - catalog.class_names.begin());
    catalog.labels[i * num_classes + label] = 1;
  }
  return result;
}

std::unique_ptr<Dataset> open_image_folder(const DatasetOptions& options) {
  auto folder = scan_image_folder(options.data);
  const auto& classes = folder.catalog.class_names;
  const bool has_classes = !classes.empty();
  const auto is_class = [&](const char* name) {
    return std::find(classes.begin(), classes.end(), name) != classes.end();
  };
  if (classes.size() == 2 && is_class("images") &&
      (is_class("labels") || is_class("masks"))) {
    log_warning(
        "data",
        "{} looks like images beside their masks, and is read as the two "
        "classes {} and {}; --data {}/images gives the images alone",
        options.data,
        classes[0],
        classes[1],
        options.data);
  }
  return make_picture_dataset(
      std::move(folder.catalog),
      std::move(folder.files),
      options,
      has_classes ? "class folders" : "image folder");
}

}  // namespace nadir::data
