// A program started as a child of this one.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace nadir::launch {

// Starts `command`, program first, with the variables `environment`
// ("NAME=value") in a process group of its own: a terminal's Ctrl-C comes by
// way of this process. The child is told to end (SIGTERM) when this process
// dies. Throws Error{kIo} where it cannot be started; a program that is not
// there ends with 127.
[[nodiscard]] pid_t start_process(
    std::vector<std::string> command, std::vector<std::string> environment);

// This process's environment, with `variables` over it.
[[nodiscard]] std::vector<std::string> process_variables_with(
    std::vector<std::string> variables);

}  // namespace nadir::launch
