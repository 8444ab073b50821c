#include "core/signals.h"

#include <atomic>
#include <csignal>

#include <unistd.h>

namespace nadir {
namespace {

std::atomic<int> first_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void on_signal(int number) {
  if (first_signal.exchange(number) == number) {
    _exit(128 + number);
  }
}

}  // namespace

void catch_signals() {
  struct sigaction action {};

  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) {
    sigaction(number, &action, nullptr);
  }
  // A file-size limit is then an error of the write, with a message, as a full
  // disk is.
  std::signal(SIGXFSZ, SIG_IGN);
}

int caught_signal() noexcept {
  return first_signal.load();
}

void stop_if_told(const char* what) {
  if (const int signal = caught_signal(); signal != 0) {
    throw Stopped(
        fmt::format("stopped by signal {}; {} are not kept", signal, what));
  }
}

void forget_signal() noexcept {
  first_signal = 0;
}

}  // namespace nadir
