// Threads for work that splits into independent pieces. No OpenMP: exceptions
// travel, and LibTorch's own pool stays LibTorch's.
#pragma once

#include <cstdint>
#include <functional>

namespace nadir {

// Logical processors this process may use (affinity and cgroup), at least 1.
[[nodiscard]] int available_threads();

// Calls body(begin, end) for consecutive ranges that cover 0 .. n-1, from at
// most `num_threads` threads at a time (0 = available_threads()), the caller's
// own among them; `grain` is the length of a range. Returns when all are done.
// The first exception thrown by a body is rethrown after the others ended.
void parallel_for(
    int64_t n,
    int64_t grain,
    int num_threads,
    const std::function<void(int64_t begin, int64_t end)>& body);

}  // namespace nadir
