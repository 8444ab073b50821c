// Progress of work over two seconds: a bar with rate and time left where
// standard error is a terminal, a plain line every ten seconds elsewhere; nothing
// where messages are not wanted (core/log.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace nadir {

// One piece of work. At most one is drawn at a time; a second one alive
// beside it stays silent. advance() and set_note() may be called from any
// thread; the object must outlive those calls.
class Progress {
 public:
  // `what` is a verb phrase ("packing"), `unit` a plural ("patches").
  // `total` < 0 means unknown. `done` units were done before: they count
  // towards the total, but not for the rate.
  Progress(
      std::string what, int64_t total, std::string unit, int64_t done = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t count = 1);

  // A short text behind the bar, e.g. "loss 5.21".
  void set_note(std::string note);

 private:
  friend class ProgressPause;
  using Clock = std::chrono::steady_clock;

  void draw(Clock::time_point now);
  [[nodiscard]] std::string line(Clock::time_point now) const;

  std::string what_;
  std::string unit_;
  std::string note_;
  int64_t total_;
  int64_t done_before_;
  int64_t done_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_draw_;
  bool is_drawn_ = false;
  bool was_shown_ = false;
  mutable std::mutex mutex_;
};

// Clears a drawn bar for as long as it lives, so that a log line stays whole.
class ProgressPause {
 public:
  ProgressPause();
  ~ProgressPause();
  ProgressPause(const ProgressPause&) = delete;
  ProgressPause& operator=(const ProgressPause&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
};

// "1.2 s", "3 min 20 s", "2 h 05 min".
[[nodiscard]] std::string format_duration(double seconds);

// "12", "3.4 k", "5.60 M" for counts; "4.2 MiB" for bytes.
[[nodiscard]] std::string format_count(double count);
[[nodiscard]] std::string format_bytes(double bytes);

}  // namespace nadir
