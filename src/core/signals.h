// Polite interruption: SIGTERM, SIGINT and SIGUSR1 set a flag that long loops
// read between pieces of work, so that they save and end with 128 + n.
#pragma once

#include <string>

#include "core/error.h"

namespace nadir {

// Ends a command that was told to stop and has nothing to save; the program
// then ends with 128 + the signal, as after one that did save.
class Stopped : public Error {
 public:
  explicit Stopped(const std::string& message)
      : Error(ErrorCode::kInternal, message) {}
};

// From now on the first signal is remembered; a second one of the same kind
// ends the process at once. Call once, early in main.
void catch_signals();

// The first caught signal's number, or 0.
[[nodiscard]] int caught_signal() noexcept;

// Throws Stopped where a signal was caught: for loops that keep nothing of what
// they have begun. `what` is not kept: "features made so far".
void stop_if_told(const char* what);

// Forgets a caught signal: for tests, and where ending on it is success.
void forget_signal() noexcept;

}  // namespace nadir
