// Embeddings to an atlas, by the method that is asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "atlas/atlas_file.h"
#include "atlas/step.h"
#include "atlas/umap_config.h"
#include "search/embeddings.h"

namespace nadir::atlas {

struct ProjectionOptions {
  std::string method = "pca";  // or "umap"
  UmapConfig umap;
  int num_threads = 0;  // 0 takes all processors
};

// Neighbours of each image whose trust is measured, and the images it is
// measured on, evenly spread.
inline constexpr int64_t kTrustNeighbours = 15;
inline constexpr int64_t kTrustImages = 1000;

// The atlas of `embeddings`, less the sum of their file. Where `watch` ends the
// work, what was reached, without trustworthiness. Throws
// Error{kInvalidArgument} for an unknown method, and as umap() and
// principal_components().
[[nodiscard]] Atlas make_atlas(
    const search::Embeddings& embeddings,
    const ProjectionOptions& options,
    const Watch& watch = {});

}  // namespace nadir::atlas
