// The nearest vectors by looking at all of them.
#pragma once

#include <cstdint>
#include <span>

#include "search/neighbours.h"
#include "search/vectors.h"

namespace nadir::search {

// The `count` vectors of the largest cosine with `query` that `accept` takes;
// all of those where there are fewer. All are of length 1 (search/unit.h). The
// same whatever `num_threads` is. Throws Error{kInvalidArgument} for a query of
// another width.
[[nodiscard]] Neighbours find_nearest(
    const Vectors& vectors,
    std::span<const float> query,
    int64_t count,
    int num_threads,
    const Accept& accept = {});

}  // namespace nadir::search
