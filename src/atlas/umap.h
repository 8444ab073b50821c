// UMAP (McInnes, Healy and Melville 2018, arXiv:1802.03426): places in the
// plane such that what is near stays near. The layout is that of the library
// umappp.
#pragma once

#include <cstdint>
#include <vector>

#include "atlas/step.h"
#include "atlas/umap_config.h"
#include "search/vectors.h"

namespace nadir::atlas {

// Vectors wider than this are brought to so many principal components first.
inline constexpr int64_t kUmapWidth = 50;

// Where the vectors, of length 1 or 0, lie: [size, 2]. Neighbours are those of
// the largest cosine (search::all_neighbours) among the components; the start
// is the first two, the farther one stretched to 10, with a little noise. The
// same for the same seed and machine; the layout itself takes one thread. Where
// `watch` ended it, the places that were reached.
// Throws Error{kInvalidArgument} for fewer than three vectors or a bad
// `config`, and as principal_components().
[[nodiscard]] std::vector<float> umap(
    const search::Vectors& vectors,
    const UmapConfig& config,
    int num_threads,
    const Watch& watch = {});

}  // namespace nadir::atlas
