// Images sorted into groups by what is known of them, to be told apart by
// colour.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace nadir::eval {

struct ImageGroups {
  std::vector<std::string> names;  // the largest group first
  std::vector<int64_t> group_of;   // of each image; -1: nothing is known
  std::vector<int64_t> sizes;      // of each group
};

// What group_images() can sort by.
[[nodiscard]] const std::vector<std::string>& grouping_names();

// The images called `names` by "class", "split", "country" or "season". An
// image of several classes counts as the one of them that the fewest images of
// `dataset` have. Countries and seasons come from the columns of `index`, ""
// for index.parquet in the folder `data`. Throws Error{kInvalidArgument} for
// another grouping, or where nothing is known of any image, and as
// table::read_parquet().
[[nodiscard]] ImageGroups group_images(
    const std::vector<std::string>& names,
    const data::Dataset& dataset,
    const std::string& data,
    const std::string& index,
    const std::string& grouping);

}  // namespace nadir::eval
