#include "bench/processor_limit.h"

#include "core/error.h"
#include "core/parallel.h"

namespace nadir::bench {

ProcessorLimit::ProcessorLimit(int64_t num_processors) {
  const int all = available_threads();
  NADIR_CHECK(
      num_processors >= 0 && num_processors <= all,
      "threads must be 1 to {}, the processors this process may use, or 0 for "
      "all, got {}",
      all,
      num_processors);
  if (num_processors == 0 ||
      ::sched_getaffinity(0, sizeof(before_), &before_) != 0) {
    return;
  }
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &before_) && CPU_COUNT(&chosen) < num_processors) {
      CPU_SET(cpu, &chosen);
    }
  }
  is_limited_ = ::sched_setaffinity(0, sizeof(chosen), &chosen) == 0;
}

ProcessorLimit::~ProcessorLimit() {
  if (is_limited_) {
    (void)::sched_setaffinity(0, sizeof(before_), &before_);
  }
}

}  // namespace nadir::bench
