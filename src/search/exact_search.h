// The nearest embeddings by looking at all of them.
#pragma once

#include <cstdint>
#include <span>

#include "search/embeddings.h"
#include "search/neighbours.h"

namespace nadir::search {

// The `count` embeddings of the largest cosine with `query`, of any length but
// 0, that `accept` takes; all of those where there are fewer. The same whatever
// `num_threads` is. Throws Error{kInvalidArgument} for a query of another
// width, not finite, or nothing but 0.
[[nodiscard]] Neighbours find_nearest(
    const Embeddings& embeddings,
    std::span<const float> query,
    int64_t count,
    int num_threads,
    const Accept& accept = {});

// `query` brought to length 1; throws as find_nearest() does.
[[nodiscard]] std::vector<float> unit_query(
    const Embeddings& embeddings, std::span<const float> query);

}  // namespace nadir::search
