// Work on LibTorch's threads: those of OpenMP, so that nobody waits for a
// second pool. Private to the room.
#pragma once

#include <cstdint>
#include <functional>

namespace nadir::ops {

// Calls work() on `num_threads` threads at once, this one among them; what one
// throws is thrown here when all have ended.
void run_on_threads(int64_t num_threads, const std::function<void()>& work);

}  // namespace nadir::ops
