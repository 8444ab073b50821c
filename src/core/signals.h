// Polite interruption: SIGTERM, SIGINT and SIGUSR1 set a flag that long loops
// read between pieces of work, so that they save and end with 128 + n.
#pragma once

namespace nadir {

// From now on the first signal is remembered; a second one of the same kind
// ends the process at once. Call once, early in main.
void catch_signals();

// The first caught signal's number, or 0.
[[nodiscard]] int caught_signal() noexcept;

// Forgets a caught signal: for tests, and where ending on it is success.
void forget_signal() noexcept;

}  // namespace nadir
