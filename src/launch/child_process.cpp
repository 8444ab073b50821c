#include "launch/child_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/prctl.h>
#include <unistd.h>

#include "core/error.h"

namespace nadir::launch {
namespace {

std::vector<char*> pointers_of(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

pid_t start_process(
    std::vector<std::string> command, std::vector<std::string> environment) {
  const auto arguments = pointers_of(command);
  const auto variables = pointers_of(environment);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Only what is safe between fork and exec. In a group of its own, so that a
    // terminal's Ctrl-C comes once, by way of this process: a second one would
    // end it without saving.
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() == parent) {
      ::execve(arguments[0], arguments.data(), variables.data());
    }
    ::_exit(127);
  }
  if (pid < 0) {
    fail(
        ErrorCode::kIo,
        "cannot start {}: {}",
        command.front(),
        std::strerror(errno));
  }
  return pid;
}

std::vector<std::string> process_variables_with(
    std::vector<std::string> variables) {
  const size_t num_own = variables.size();
  for (char** other = environ; *other != nullptr; ++other) {
    const std::string variable = *other;
    const std::string name = variable.substr(0, variable.find('=') + 1);
    const auto end = variables.begin() + static_cast<std::ptrdiff_t>(num_own);
    if (std::none_of(variables.begin(), end, [&](const std::string& own) {
          return own.starts_with(name);
        })) {
      variables.push_back(variable);
    }
  }
  return variables;
}

}  // namespace nadir::launch
