// How long the program takes until it does anything.
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/cases.h"
#include "bench/timing.h"
#include "core/error.h"
#include "scaling/median.h"

namespace nadir::bench {
namespace {

constexpr int64_t kStarts = 10;
constexpr char kEmptyProgram[] = "/bin/true";

// Runs `program` with `argument` and waits for its end; what it prints is
// dropped. Whether it ended with 0.
bool run_once(std::string program, std::string argument) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    ::posix_spawn_file_actions_addopen(
        &actions, stream, "/dev/null", O_WRONLY, 0);
  }
  char* const arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  const int error = ::posix_spawn(
      &child, program.c_str(), &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return false;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Measured time_start(const CaseContext& context) {
  Measured measured;
  measured.times = time_repeats(kStarts, [&] {
    if (!run_once(context.program, "--version")) {
      fail(
          ErrorCode::kInternal,
          "{} --version does not end with 0; start it by hand to see why",
          context.program);
    }
  });
  measured.times.cpu_s.clear();  // it is the children's
  measured.num_items = 1;
  measured.work = 1;
  const double start_s = scaling::median(measured.times.wall_s);
  measured.note = fmt::format("{:.1f} ms a start", start_s * 1e3);
  if (run_once(kEmptyProgram, "")) {
    const auto empty =
        time_repeats(kStarts, [] { (void)run_once(kEmptyProgram, ""); });
    measured.own_limit = 1 / scaling::median(empty.wall_s);
  }
  return measured;
}

}  // namespace

Case start_case() {
  return {
      "start",
      "start of the program, nadir --version",
      "starts/s",
      Limit::kEmptyProcess,
      time_start};
}

}  // namespace nadir::bench
