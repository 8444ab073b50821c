// The nearest neighbours of every vector of a set.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "search/neighbours.h"
#include "search/vectors.h"

namespace nadir::search {

// Up to so many vectors all_neighbours() looks at all of them.
inline constexpr int64_t kMaxExact = 20000;

// Told how many more vectors are done, of twice as many as there are where a
// graph is made first. From any thread, several at once; may throw, which ends
// the search.
using OnVectors = std::function<void(int64_t count)>;

// Of each vector, of length 1, the `count` others of the largest cosine with
// it; all others where there are fewer. Up to kMaxExact vectors by looking at
// all, the same whatever `num_threads` is; of more by a graph, which may miss
// one (search/graph_search.h), and is the same for one thread alone. Throws
// Error{kInvalidArgument} where `count` is not positive, and what `on_vectors`
// throws.
[[nodiscard]] std::vector<Neighbours> all_neighbours(
    const Vectors& vectors,
    int64_t count,
    int num_threads,
    const OnVectors& on_vectors = {});

// What all_neighbours() tells in all.
[[nodiscard]] int64_t num_told(int64_t num_vectors);

}  // namespace nadir::search
