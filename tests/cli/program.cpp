#include "cli/program.h"

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace nadir::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPollInterval = std::chrono::milliseconds(2);

int open_output(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  NADIR_CHECK(fd >= 0, "cannot open {}", path);
  return fd;
}

// In the child: never returns.
[[noreturn]] void become_nadir(
    const std::vector<char*>& arguments,
    const ProcessOptions& options,
    int out,
    int err) {
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  for (const auto& [name, value] : options.variables) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  if (options.file_size_limit) {
    const auto bytes = static_cast<rlim_t>(*options.file_size_limit);
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) {
    ::_exit(126);
  }
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

// The exit code as a shell says it; nothing if the limit passed.
std::optional<int> wait_for(pid_t child, const ProcessOptions& options) {
  const auto end = Clock::now() + options.limit;
  bool is_sent = options.signal == 0;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (!is_sent && options.when()) {
      ::kill(child, options.signal);
      is_sent = true;
    }
    if (Clock::now() > end) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return std::nullopt;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

nlohmann::json Outcome::json() const {
  auto parsed = parse_json_or_discard(out);
  return parsed.is_discarded() ? nlohmann::json() : parsed;
}

std::string Outcome::text() const {
  return fmt::format(
      "exit code {}{}\n--- stdout\n{}\n--- stderr\n{}",
      exit_code,
      was_in_time ? "" : ", ended by the time limit",
      out,
      err);
}

Outcome run_nadir(
    const std::vector<std::string>& words, const ProcessOptions& options) {
  const TemporaryFolder outputs;
  const std::string out_path = options.out_path.empty()
                                   ? (outputs.path() / "out").string()
                                   : options.out_path;
  const std::string err_path = (outputs.path() / "err").string();
  const int out = open_output(out_path);
  const int err = open_output(err_path);
  std::vector<std::string> owned = {NADIR_PROGRAM};
  owned.insert(owned.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (auto& word : owned) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  NADIR_CHECK(child >= 0, "cannot start a process");
  if (child == 0) {
    become_nadir(arguments, options, out, err);
  }
  ::close(out);
  ::close(err);
  const auto exit_code = wait_for(child, options);
  Outcome outcome;
  outcome.was_in_time = exit_code.has_value();
  outcome.exit_code = exit_code.value_or(-1);
  outcome.out = options.out_path.empty() ? read_file(out_path) : "";
  outcome.err = read_file(err_path);
  return outcome;
}

pid_t process_of_rank(int rank, const std::filesystem::path& run) {
  const std::string variable = "RANK=" + std::to_string(rank);
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    try {
      const std::string environment = read_file(entry.path() / "environ");
      const std::string command = read_file(entry.path() / "cmdline");
      const bool is_of_rank =
          ('\0' + environment).find('\0' + variable + '\0') !=
          std::string::npos;
      if (is_of_rank && command.find(run.string()) != std::string::npos) {
        return std::stoi(name);
      }
    } catch (const std::exception&) {
      // It ended meanwhile.
    }
  }
  return 0;
}

std::vector<std::string> words_of(
    const std::string& line, const std::vector<std::string>& more) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace nadir::cli
