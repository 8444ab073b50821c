#include "bench/timing.h"

#include "core/cpu.h"
#include "core/signals.h"

namespace nadir::bench {

Times time_once(const std::function<void()>& work) {
  const double cpu_before_s = processor_time_s();
  const Stopwatch watch;
  work();
  return {{watch.seconds()}, {processor_time_s() - cpu_before_s}};
}

Times time_repeats(int64_t repeats, const std::function<void()>& work) {
  work();
  Times times;
  for (int64_t i = 0; i < repeats; ++i) {
    stop_if_told(kRatesSoFar);
    const Times one = time_once(work);
    times.wall_s.push_back(one.wall_s.front());
    times.cpu_s.push_back(one.cpu_s.front());
  }
  return times;
}

}  // namespace nadir::bench
