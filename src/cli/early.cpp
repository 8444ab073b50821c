// What is done before the shared libraries start.
//
// The System V ABI has functions in an executable's .preinit_array run after
// relocation and before any library's initialisers. So this may use nothing
// but what needs none: constants, and system calls. What it does not do,
// main() does.
#include <array>
#include <climits>
#include <cstring>

#include <sys/uio.h>
#include <unistd.h>

#include "core/version.h"

#ifndef __SANITIZE_ADDRESS__  // which is not ready so early
namespace {

// Answers `nadir --version`: LibTorch registers its operators for a third of a
// second at each start, which nobody who asks for the version, as scripts and
// editors do, needs to wait for. As the parser writes it; where that does not
// succeed main() says why.
void answer_version(int argc, char** argv) {
  if (argc != 2 || std::strcmp(argv[1], "--version") != 0) {
    return;
  }
  const std::array texts = {
      "nadir ",
      nadir::version(),
      " (commit ",
      nadir::commit(),
      ", ",
      nadir::build_type(),
      ")\n"};
  std::array<iovec, texts.size()> parts;
  for (size_t i = 0; i < texts.size(); ++i) {
    parts[i] = {const_cast<char*>(texts[i]), std::strlen(texts[i])};
  }
  if (writev(STDOUT_FILENO, parts.data(), parts.size()) > 0) {
    _exit(0);
  }
}

// Starts the program once more with shorter waits, unless the user chose some.
//
// LibTorch's threads, libgomp's, wait for each other in a loop of some
// milliseconds before they sleep. Where other programs run, too, the one that
// waits so keeps the processor from the one that is waited for
// (docs/decisions/0024-threads-wait-briefly.md). libgomp reads the variable as
// it starts, too early for main() to set it.
void shorten_waits(char** argv, char** environment) {
  constexpr size_t kMostVariables = 4096;
  static char waits[] = "GOMP_SPINCOUNT=10000";  // a tenth of a millisecond
  std::array<char*, kMostVariables + 2> variables;
  size_t count = 0;
  for (; environment[count] != nullptr; ++count) {
    const char* const variable = environment[count];
    if (count == kMostVariables ||
        std::strncmp(variable, "GOMP_SPINCOUNT=", 15) == 0 ||
        std::strncmp(variable, "OMP_WAIT_POLICY=", 16) == 0) {
      return;
    }
    variables[count] = environment[count];
  }
  variables[count] = waits;
  variables[count + 1] = nullptr;
  // By its name, which is what `ps` shows.
  std::array<char, PATH_MAX> path{};
  if (readlink("/proc/self/exe", path.data(), path.size() - 1) > 0) {
    execve(path.data(), argv, variables.data());
  }
}

void start_early(int argc, char** argv, char** environment) {
  answer_version(argc, argv);
  shorten_waits(argv, environment);
}

using Early = void (*)(int, char**, char**);
[[gnu::section(".preinit_array"), gnu::used]] const Early early = start_early;

}  // namespace
#endif
