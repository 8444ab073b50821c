// Sums over the processes of a group, timed.
#pragma once

#include <vector>

#include "distributed/communicator.h"
#include "scaling/sum_cost.h"

namespace nadir::scaling {

// Medians of at least seven sums of float32 for each size, of which the slowest
// rank counts, with nothing beside them. Collective; the same on all ranks.
[[nodiscard]] std::vector<TimedSum> time_sums(
    const distributed::Communicator& group,
    const std::vector<int64_t>& sizes_bytes);

}  // namespace nadir::scaling
