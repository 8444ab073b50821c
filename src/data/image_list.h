// Text lists of images: a path a line, then, if the images are labelled, a
// blank or tab and one label or several between commas.
#pragma once

#include <memory>

#include "data/dataset.h"

namespace nadir::data {

// Paths are relative to the list's folder or absolute; empty lines and lines
// that begin with # are passed over. A path with blanks stands before a tab.
// Labels that are all numbers are ordered as numbers. Either all lines carry a
// label or none. Throws Error{kCorruptData} naming the line.
[[nodiscard]] std::unique_ptr<Dataset> open_image_list(
    const DatasetOptions& options);

}  // namespace nadir::data
