#include "container/supervisor.h"

#include <csignal>
#include <cstring>
#include <optional>
#include <thread>

#include <sys/wait.h>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "core/signals.h"
#include "launch/child_process.h"

namespace nadir::container {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPollInterval = std::chrono::milliseconds(20);
constexpr auto kTickInterval = std::chrono::seconds(1);

// What launch::write_error_file() wrote; "" where there is nothing.
std::string read_error_message(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) {
    return "";
  }
  const auto json = parse_json_or_discard(read_file(file));
  const auto message = nlohmann::json::json_pointer("/message/message");
  return json.is_object() && json.contains(message) && json[message].is_string()
             ? json[message].get<std::string>()
             : "";
}

}  // namespace

SupervisedEnd supervise(const SupervisedCommand& command) {
  const TemporaryFolder folder;
  const auto error_file = folder.path() / "error.json";
  auto variables = command.variables;
  variables.push_back("TORCHELASTIC_ERROR_FILE=" + error_file.string());
  const pid_t child = launch::start_process(
      command.command, launch::process_variables_with(std::move(variables)));

  std::optional<Clock::time_point> deadline;
  Clock::time_point next_tick = Clock::now();
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) != child) {
    const auto now = Clock::now();
    if (!deadline && caught_signal() != 0) {
      ::kill(child, caught_signal());
      deadline = now + command.grace;
    }
    if (deadline && now > *deadline) {
      ::kill(child, SIGKILL);
    }
    if (command.on_tick && now >= next_tick) {
      command.on_tick();
      next_tick = now + kTickInterval;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  SupervisedEnd end;
  end.was_killed = WIFSIGNALED(status);
  end.status = end.was_killed ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  end.message = read_error_message(error_file);
  return end;
}

}  // namespace nadir::container
