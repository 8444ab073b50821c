// Which images with masks train, select, and are scored.
#pragma once

#include <string>
#include <vector>

#include "data/catalog.h"
#include "data/dataset.h"
#include "eval/segment_config.h"

namespace nadir::eval {

struct SegmentSplit {
  std::vector<data::Split> splits;  // of every image: train, validation, test
  std::string selected_on;          // where validation images come from
};

// By --val-names and --test-names, else by what the data says, else by shares
// of whole places (docs/formats/segment.md). A set may be empty. Throws
// Error{kInvalidArgument} for a name that no image has or that both files
// have, and for shares outside (0, 1).
[[nodiscard]] SegmentSplit split_images(
    const SegmentDataConfig& config, const data::Dataset& dataset);

}  // namespace nadir::eval
