// The nearest of many vectors by products of float32 with all of them, for
// where 16 bits cannot tell them apart. Private to the room.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "search/neighbours.h"
#include "search/vectors.h"

namespace nadir::search {

// As NearestOfMany::find() of the rows `rows` of `queries`, but for the order
// of a list; similarities are by kernels::gemm().
[[nodiscard]] std::vector<Neighbours> nearest_by_float32(
    const Vectors& vectors,
    const Vectors& queries,
    const std::vector<int64_t>& rows,
    int64_t count,
    const std::function<void()>& before_block);

}  // namespace nadir::search
