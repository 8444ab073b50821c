#include "core/progress.h"

#include <cmath>
#include <cstdio>

#include <unistd.h>

#include <fmt/format.h>

#include "core/log.h"

namespace nadir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kFirstDraw = seconds(2);
constexpr auto kTerminalInterval = milliseconds(200);
constexpr auto kPlainInterval = seconds(10);

bool is_terminal() {
  static const bool terminal = isatty(STDERR_FILENO) == 1;
  return terminal;
}

// Guards the terminal line and names the one Progress that may draw on it.
struct Screen {
  std::mutex mutex;
  Progress* owner = nullptr;
};

Screen& screen() {
  static Screen instance;
  return instance;
}

}  // namespace

Progress::Progress(
    std::string what, int64_t total, std::string unit, int64_t done)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      done_before_(done),
      done_(done),
      next_draw_(start_ + kFirstDraw) {
  const std::lock_guard lock(screen().mutex);
  if (screen().owner == nullptr && is_logged(LogLevel::kInfo)) {
    screen().owner = this;
  }
}

Progress::~Progress() {
  const std::lock_guard screen_lock(screen().mutex);
  if (screen().owner != this) {
    return;
  }
  if (was_shown_) {
    const std::lock_guard lock(mutex_);
    const double elapsed_s =
        std::chrono::duration<double>(Clock::now() - start_).count();
    std::fprintf(
        stderr,
        "%s%s: %s %s in %s\n",
        is_drawn_ ? "\r\033[K" : "",
        what_.c_str(),
        fmt::format("{}", done_ - done_before_).c_str(),
        unit_.c_str(),
        format_duration(elapsed_s).c_str());
  }
  screen().owner = nullptr;
}

void Progress::advance(int64_t count) {
  const auto now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    done_ += count;
    if (now < next_draw_) {
      return;
    }
    next_draw_ = now + (is_terminal() ? Clock::duration(kTerminalInterval)
                                      : Clock::duration(kPlainInterval));
  }
  const std::lock_guard screen_lock(screen().mutex);
  if (screen().owner == this) {
    draw(now);
  }
}

void Progress::set_note(std::string note) {
  const std::lock_guard lock(mutex_);
  note_ = std::move(note);
}

void Progress::draw(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  was_shown_ = true;
  if (is_terminal()) {
    std::fprintf(stderr, "\r\033[K%s", line(now).c_str());
    std::fflush(stderr);
    is_drawn_ = true;
  } else {
    std::fprintf(stderr, "%s\n", line(now).c_str());
  }
}

std::string Progress::line(Clock::time_point now) const {
  constexpr int kBarWidth = 24;
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  const double rate =
      static_cast<double>(done_ - done_before_) / std::max(elapsed_s, 1e-9);
  std::string text = what_ + " ";
  if (total_ > 0) {
    const double share =
        std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_));
    const int filled = static_cast<int>(share * kBarWidth);
    if (is_terminal()) {
      text +=
          fmt::format("[{:#>{}}{:.>{}}] ", "", filled, "", kBarWidth - filled);
    }
    text += fmt::format(
        "{:.0f}% {}/{} {}, {}/s, {} left",
        100 * share,
        done_,
        total_,
        unit_,
        format_count(rate),
        rate > 0 ? format_duration(static_cast<double>(total_ - done_) / rate)
                 : "?");
  } else {
    text += fmt::format("{} {}, {}/s", done_, unit_, format_count(rate));
  }
  if (!note_.empty()) {
    text += ", " + note_;
  }
  return text;
}

ProgressPause::ProgressPause() : lock_(screen().mutex) {
  Progress* owner = screen().owner;
  if (owner != nullptr && owner->is_drawn_) {
    std::fprintf(stderr, "\r\033[K");
    owner->is_drawn_ = false;
  }
}

ProgressPause::~ProgressPause() = default;

std::string format_duration(double seconds) {
  if (seconds < 59.95) {
    return fmt::format("{:.1f} s", seconds);
  }
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) {
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  }
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string format_count(double count) {
  if (count < 10) {
    return fmt::format("{:.1f}", count);
  }
  if (count < 10'000) {
    return fmt::format("{:.0f}", count);
  }
  if (count < 1e6) {
    return fmt::format("{:.1f} k", count / 1e3);
  }
  return fmt::format("{:.2f} M", count / 1e6);
}

std::string format_bytes(double bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 4) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

}  // namespace nadir
