#include "bench/memory_rate.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include <unistd.h>

#include "bench/timing.h"
#include "core/parallel.h"
#include "core/signals.h"

namespace nadir::bench {
namespace {

constexpr int64_t kLeastBytes = int64_t{128} << 20;
constexpr int64_t kMostBytes = int64_t{512} << 20;
constexpr int kCopies = 8;

// Of one array of all threads together: four times the last cache, within
// bounds, since virtual machines tell of caches that they share.
int64_t array_bytes() {
  const auto cache = static_cast<int64_t>(::sysconf(_SC_LEVEL3_CACHE_SIZE));
  return std::clamp(4 * cache, kLeastBytes, kMostBytes);
}

}  // namespace

double measure_copy_gbyte_per_s(int num_threads) {
  const int64_t part = array_bytes() / num_threads;
  std::vector<std::vector<char>> src(num_threads);
  std::vector<std::vector<char>> dst(num_threads);
  const auto on_all = [&](const auto& work) {
    parallel_for(num_threads, 1, num_threads, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        work(i);
      }
    });
  };
  on_all([&](int64_t i) {
    src[i].assign(part, 1);
    dst[i].assign(part, 2);
  });
  double best_s = 0;
  for (int i = 0; i < kCopies; ++i) {
    stop_if_told(kRatesSoFar);
    const Stopwatch watch;
    on_all([&](int64_t t) {
      std::memcpy(dst[t].data(), src[t].data(), src[t].size());
    });
    const double seconds = watch.seconds();
    best_s = i == 0 ? seconds : std::min(best_s, seconds);
  }
  return 2e-9 * static_cast<double>(part * num_threads) / best_s;
}

}  // namespace nadir::bench
