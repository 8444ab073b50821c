#include "launch/free_port.h"

#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/error.h"

namespace nadir::launch {

int64_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool is_found = socket >= 0 && ::bind(socket, any, size) == 0 &&
                        ::getsockname(socket, any, &size) == 0;
  const int reason = errno;
  if (socket >= 0) {
    ::close(socket);
  }
  if (!is_found) {
    fail(ErrorCode::kIo, "no free port: {}", std::strerror(reason));
  }
  return ntohs(address.sin_port);
}

}  // namespace nadir::launch
