// The nearest neighbours of every vector of a set.
#pragma once

#include <cstdint>
#include <vector>

#include "search/neighbours.h"
#include "search/vectors.h"

namespace nadir::search {

// Of each vector, of length 1 or 0, the `count` others of the largest cosine
// with it; all others where there are fewer. By looking at all, in a time that
// grows with the square of their number; the same whatever `num_threads` is.
// Throws Error{kInvalidArgument} where `count` is not positive, and what
// `on_vectors` throws.
[[nodiscard]] std::vector<Neighbours> all_neighbours(
    const Vectors& vectors,
    int64_t count,
    int num_threads,
    const OnVectors& on_vectors = {});

}  // namespace nadir::search
