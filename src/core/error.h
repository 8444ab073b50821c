// The one exception of the project, and the check that throws it.
#pragma once

#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace nadir {

enum class ErrorCode {
  kInvalidArgument,  // a flag, a configuration, a call that breaks a rule
  kNotFound,         // a file, a name, a key that is not there
  kCorruptData,      // bytes that are not what their format says
  kIo,               // the operating system refused
  kDistributed,      // a peer is lost
  kInternal          // our own mistake
};

// What rooms throw for that which ends the command. `what()` is complete on
// its own: it names the thing as the user wrote it, the rule, the value and
// the next step.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

// The process's exit status for an error: 2 usage or configuration, 3 data,
// 4 lost peer, 1 anything else (docs/architecture.md).
[[nodiscard]] constexpr int exit_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
      return 2;
    case ErrorCode::kCorruptData:
      return 3;
    case ErrorCode::kDistributed:
      return 4;
    case ErrorCode::kIo:
    case ErrorCode::kInternal:
      break;
  }
  return 1;
}

// Throws Error with a formatted message.
template <class... Args>
[[noreturn]] void fail(
    ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

// Reports a broken promise of our own and aborts; see NADIR_ASSERT.
[[noreturn]] void assertion_failed(
    const char* condition, const char* file, int line);

}  // namespace nadir

// The caller's fault: throws Error{kInvalidArgument} unless `cond`.
#define NADIR_CHECK(cond, ...)                                               \
  do {                                                                       \
    if (!(cond)) {                                                           \
      throw ::nadir::Error(                                                  \
          ::nadir::ErrorCode::kInvalidArgument, ::fmt::format(__VA_ARGS__)); \
    }                                                                        \
  } while (false)

// Our fault: aborts unless `cond`.
#define NADIR_ASSERT(cond)                                    \
  do {                                                        \
    if (!(cond)) {                                            \
      ::nadir::assertion_failed(#cond, __FILE__, __LINE__);   \
    }                                                         \
  } while (false)
