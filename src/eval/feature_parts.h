// A file of features made in parts by several processes, and put together
// again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "core/part.h"
#include "eval/splits.h"

namespace nadir::eval {

struct FeaturePartResult {
  bool was_complete = false;     // the part, by an earlier call
  bool is_merged = false;        // by this call
  std::vector<int64_t> missing;  // parts; empty where all were there
  int64_t num_images = 0;        // of the part; of all where they are merged
};

// Features [N, F] of images of a set.
using MakeFeatures = std::function<at::Tensor(const ImageSet& own)>;

// Writes the features of the part's share of `images`, whole batches of them,
// as a Parquet file beside `out`, unless it is there; the part that comes last
// merges all into the file that write_features() would write. `width` is F.
// Throws what `make` and data::PartSet throw.
[[nodiscard]] FeaturePartResult make_feature_part(
    const ImageSet& images,
    const Part& part,
    int64_t batch_size,
    int64_t width,
    const std::map<std::string, std::string>& provenance,
    const std::filesystem::path& out,
    const MakeFeatures& make);

// Merges the parts of `out` by hand. Returns the number of images.
int64_t merge_feature_parts(const std::filesystem::path& out);

}  // namespace nadir::eval
