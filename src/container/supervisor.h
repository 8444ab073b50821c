// A command as a child process that is watched to its end.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace nadir::container {

struct SupervisedCommand {
  std::vector<std::string> command;    // program and its arguments
  std::vector<std::string> variables;  // "NAME=value", over the environment's
  // From a signal that this process caught, and passed on, to the child's kill.
  std::chrono::milliseconds grace{std::chrono::seconds(95)};
  std::function<void()> on_tick;  // about once a second; may be empty
};

struct SupervisedEnd {
  int status = 0;           // exit status; 128 + n where signal n ended it
  bool was_killed = false;  // by a signal that it did not catch
  std::string message;      // why it failed, as it said; "" where it did not
};

// Runs the command and waits for its end. A signal that this process has caught
// (core/signals.h) goes to the child once. The child dies with this process.
// Throws Error{kIo} where it cannot be started.
[[nodiscard]] SupervisedEnd supervise(const SupervisedCommand& command);

}  // namespace nadir::container
