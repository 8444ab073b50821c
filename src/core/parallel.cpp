#include "core/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>

#include "core/ceil_div.h"
#include "core/error.h"

namespace nadir {
namespace {

// Processors that a cgroup v2 quota amounts to, 0 where there is none.
int cgroup_limit() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) {
    return 0;
  }
  const double processors = std::stod(quota) / period;
  return std::max(1, static_cast<int>(processors + 0.5));
}

}  // namespace

int available_threads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int count = 0;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    count = CPU_COUNT(&set);
  }
  if (count <= 0) {
    count = static_cast<int>(std::thread::hardware_concurrency());
  }
  static const int limit = cgroup_limit();
  if (limit > 0) {
    count = std::min(count, limit);
  }
  return std::max(count, 1);
}

void parallel_for(
    int64_t n,
    int64_t grain,
    int num_threads,
    const std::function<void(int64_t, int64_t)>& body) {
  NADIR_ASSERT(grain > 0);
  if (n <= 0) {
    return;
  }
  const int64_t num_ranges = ceil_div(n, grain);
  if (num_threads <= 0) {
    num_threads = available_threads();
  }
  const int64_t num_workers = std::min<int64_t>(num_threads, num_ranges);
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr first_error;

  const auto work = [&] {
    for (;;) {
      const int64_t range = next.fetch_add(1);
      if (range >= num_ranges) {
        return;
      }
      try {
        body(range * grain, std::min(n, (range + 1) * grain));
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!first_error) {
          first_error = std::current_exception();
        }
        next = num_ranges;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int64_t i = 1; i < num_workers; ++i) {
    threads.emplace_back(work);
  }
  work();
  for (auto& thread : threads) {
    thread.join();
  }
  if (first_error) {
    std::rethrow_exception(first_error);
  }
}

}  // namespace nadir
