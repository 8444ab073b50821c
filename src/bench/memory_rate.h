// What this machine's memory can do: one of the limits of a path.
#pragma once

namespace nadir::bench {

// Bytes read and written a second, in GB/s, by `num_threads` threads that each
// copy an array far beyond the caches; the best of several copies, as STREAM's
// Copy counts them (McCalpin 1995). Takes up to 1 GB and about a second.
[[nodiscard]] double measure_copy_gbyte_per_s(int num_threads);

}  // namespace nadir::bench
