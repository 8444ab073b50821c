// Places of images in the plane as a file: docs/formats/atlas.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "atlas/umap_config.h"

namespace nadir::atlas {

struct Atlas {
  std::vector<std::string> names;
  std::vector<float> places;      // [names, 2]: x, y
  std::string method;             // "pca" or "umap"
  UmapConfig umap;                // as used; nothing where method is pca
  std::string embeddings_sha256;  // of the file that the places are of
  std::vector<double> explained;  // share of the variance along x, y: of pca
  std::optional<double> trustworthiness;
};

// Replaces `path`, which ends in .parquet, atomically.
void write_atlas(const std::filesystem::path& path, const Atlas& atlas);

// Throws as table::read_parquet(), and Error{kCorruptData} where the file is no
// atlas, of a later format, or a place is not finite.
[[nodiscard]] Atlas read_atlas(const std::filesystem::path& path);

}  // namespace nadir::atlas
