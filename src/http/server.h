// An HTTP/1.1 server that bounds whatever a client can ask for: connections,
// header and body sizes, bytes in memory, and the time of every phase. One
// thread moves bytes; answers come from any thread. Boost.Beast stays behind
// this header (docs/decisions/0015-beast-for-http.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/message.h"

namespace nadir::http {

struct Limits {
  int64_t max_connections = 256;
  int64_t max_header_bytes = 16 << 10;
  int64_t max_body_bytes = 6 << 20;
  int64_t max_held_bytes = 256 << 20;        // of all bodies together
  int64_t max_unsent_bytes = 4 << 20;        // of a body that goes on
  std::chrono::milliseconds header{10'000};  // from a header's first byte
  std::chrono::milliseconds body{60'000};
  std::chrono::milliseconds answer{60'000};  // from the body's last byte
  std::chrono::milliseconds write{60'000};
  std::chrono::milliseconds idle{75'000};  // between requests
};

// What the server tells its owner; called on its thread, to return at once.
struct Hooks {
  // After the header, before the body: an answer refuses the request.
  std::function<std::optional<Response>(const Request& head)> admit;
  // A whole request.
  std::function<void(Request request, Reply reply)> handle;
  // After an answer was written, or given up: for counting. `path` is empty
  // where no request was understood.
  std::function<void(
      const std::string& path,
      int status,
      int64_t bytes_in,
      int64_t bytes_out,
      std::chrono::microseconds time)>
      observe;
};

// Limits answer by themselves: 400 what is no HTTP, 408 a header or body that
// does not come, 413 a body too large, 431 a header too large, 503 with
// Retry-After too many connections, bytes in memory, or an answer that does not
// come. At the limit of connections the one that has waited longest without a
// request makes place for a new one.
class Server {
 public:
  // Binds the address; port 0 takes a free one. `hooks` are called from start()
  // on until the destructor is done. Throws Error{kIo} where host and port
  // cannot be bound.
  Server(const std::string& host, int port, const Limits& limits, Hooks hooks);
  // As stop(). No reply may be given, and no stream written to, after it.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Begins to take connections. Call once.
  void start();

  // Drops what is still open, and takes no more. Replies and bytes of streams
  // that come after it go nowhere.
  void stop();

  [[nodiscard]] int port() const;

  // Connections now; any thread.
  [[nodiscard]] int64_t num_connections() const;

  // From now on every answer closes its connection; the hook `admit` says what
  // is still taken. Returns true when no request that was begun is unanswered,
  // false where that takes longer than `patience`.
  bool drain(std::chrono::milliseconds patience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "http://127.0.0.1:8080", "http://[::1]:8080".
[[nodiscard]] std::string url_of(const std::string& host, int port);

}  // namespace nadir::http
