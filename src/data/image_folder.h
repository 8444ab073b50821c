// Folders of images: flat, nested, or with a folder for each class.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "data/catalog.h"

namespace nadir::data {

struct ImageFolder {
  Catalog catalog;  // names are paths below the root, sorted
  std::vector<std::filesystem::path> files;
};

// Lists the images below `root`, opening none. Where every image lies in a
// folder directly below the root, and there are at least two such folders,
// these are the classes (sorted by name); folders train, validation (val,
// valid) and test above them are the splits. Hidden files and files without
// an image's extension are passed over. Throws Error{kNotFound} if there is
// no image.
[[nodiscard]] ImageFolder scan_image_folder(const std::filesystem::path& root);

[[nodiscard]] std::unique_ptr<Dataset> open_image_folder(
    const DatasetOptions& options);

}  // namespace nadir::data
