// One line a message on standard error: time, level, room, text. Hides the
// logging library. Safe to call from any thread.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace nadir {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Messages below `level` are dropped from now on; kInfo at the start.
void set_log_level(LogLevel level);

// Whether messages of `level` are written.
[[nodiscard]] bool is_logged(LogLevel level);

// Writes one message. A progress bar on the terminal is cleared first and
// drawn again after.
void write_log(LogLevel level, std::string_view room, const std::string& text);

template <class... Args>
void log_debug(
    std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  write_log(
      LogLevel::kDebug, room, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void log_info(
    std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  write_log(
      LogLevel::kInfo, room, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void log_warning(
    std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  write_log(
      LogLevel::kWarning,
      room,
      fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
void log_error(
    std::string_view room, fmt::format_string<Args...> format, Args&&... args) {
  write_log(
      LogLevel::kError, room, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace nadir
