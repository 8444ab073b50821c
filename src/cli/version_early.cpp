// Answers `nadir --version` before the shared libraries start: LibTorch
// registers its operators for a third of a second at each start, which nobody
// who asks for the version, as scripts and editors do, needs to wait for.
//
// The System V ABI has functions in an executable's .preinit_array run after
// relocation and before any library's initialisers. So this may use nothing
// but what needs none: constants, and system calls. What it does not answer,
// main() does.
#include <array>
#include <cstring>

#include <sys/uio.h>
#include <unistd.h>

#include "core/version.h"

namespace {

// As the parser writes it. Where that does not succeed main() says why.
void answer_version(int argc, char** argv, char** /*environment*/) {
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

#ifndef __SANITIZE_ADDRESS__  // which is not ready so early
using Early = void (*)(int, char**, char**);
[[gnu::section(".preinit_array"), gnu::used]] const Early early =
    answer_version;
#endif

}  // namespace
