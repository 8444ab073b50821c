// Which gradients travel together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nadir::distributed {

// Large enough for the network's bandwidth, small enough that backward hides
// all but the last (Li et al., "PyTorch Distributed", VLDB 2020, section 3.2).
inline constexpr int64_t kBucketBytes = int64_t{8} << 20;

// Buckets in the order of backward, which makes the last parameters' gradients
// first: each the places in `parameter_bytes` (the order of the forward pass)
// of its parameters. A bucket is full when it holds `bucket_bytes` or more.
[[nodiscard]] std::vector<std::vector<size_t>> plan_buckets(
    const std::vector<int64_t>& parameter_bytes,
    int64_t bucket_bytes = kBucketBytes);

}  // namespace nadir::distributed
