// Times of work that is done several times.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace nadir::bench {

// What a signal makes the command drop: for stop_if_told().
inline constexpr char kRatesSoFar[] = "rates measured so far";

// Runs from its making on.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// Seconds of wall time, and of the processors' time of all threads of this
// process, of each call.
struct Times {
  std::vector<double> wall_s;
  std::vector<double> cpu_s;
};

// One call.
[[nodiscard]] Times time_once(const std::function<void()>& work);

// `repeats` calls, after one that is not timed. Throws what `work` throws, and
// Stopped between calls after a signal.
[[nodiscard]] Times time_repeats(
    int64_t repeats, const std::function<void()>& work);

}  // namespace nadir::bench
