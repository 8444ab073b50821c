#include "launch/host_name.h"

#include <algorithm>
#include <thread>

#include <netdb.h>
#include <sys/socket.h>

#include "core/error.h"
#include "core/log.h"
#include "core/signals.h"

namespace nadir::launch {

void wait_for_host_name(
    const std::string& host, std::chrono::milliseconds timeout) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kLongestPause{2000};
  const auto deadline = Clock::now() + timeout;
  std::chrono::milliseconds pause{50};
  bool is_told = false;
  while (caught_signal() == 0) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int status = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (status == 0) {
      ::freeaddrinfo(found);
      return;
    }
    if (Clock::now() + pause > deadline) {
      fail(
          ErrorCode::kDistributed,
          "the name of host 0, {}, does not resolve here: {}; check that its "
          "pod or container is up and that the two share a network",
          host,
          ::gai_strerror(status));
    }
    if (!is_told) {
      log_info("launch", "waiting until the name {} resolves", host);
      is_told = true;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

}  // namespace nadir::launch
