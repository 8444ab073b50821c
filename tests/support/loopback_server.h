// An HTTP server on a free port of this machine that answers what the test
// says, and fails on purpose: hangs up before the answer, or within it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace nadir {

// What came in.
struct ServedRequest {
  std::string method;
  std::string target;                          // path and query, as sent
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// What goes out.
struct ServedAnswer {
  int status = 200;
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
  bool hangs_up = false;             // before the answer
  size_t max_body_bytes = SIZE_MAX;  // hangs up behind these
};

// These answers one after the other, the last one ever after.
inline std::function<ServedAnswer(const ServedRequest&)> in_turn(
    std::vector<ServedAnswer> answers) {
  return [answers = std::move(answers),
          next = size_t{0}](const ServedRequest&) mutable {
    const size_t index = std::min(next++, answers.size() - 1);
    return answers[index];
  };
}

// One connection a request, in one thread. The handler runs there.
class LoopbackServer {
 public:
  using Handler = std::function<ServedAnswer(const ServedRequest&)>;

  explicit LoopbackServer(Handler handler)
      : handler_(std::move(handler)),
        socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, generic, size), 0);
    EXPECT_EQ(::listen(socket_, 16), 0);
    EXPECT_EQ(::getsockname(socket_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }

  ~LoopbackServer() {
    ::shutdown(socket_, SHUT_RDWR);  // ends accept()
    thread_.join();
    ::close(socket_);
  }

  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] std::string host() const {
    return "127.0.0.1:" + std::to_string(port_);
  }

  [[nodiscard]] std::string url() const { return "http://" + host(); }

  // What came in so far.
  [[nodiscard]] std::vector<ServedRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  [[nodiscard]] size_t num_requests() const { return requests().size(); }

 private:
  void serve() {
    for (;;) {
      const int peer = ::accept(socket_, nullptr, nullptr);
      if (peer < 0) {
        return;
      }
      answer(peer);
      ::shutdown(peer, SHUT_WR);
      ::close(peer);
    }
  }

  void answer(int peer) {
    const auto request = read_request(peer);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const auto answer = handler_(request);
    if (answer.hangs_up) {
      return;
    }
    const bool has_body = request.method != "HEAD";
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) +
                       " Text\r\nConnection: close\r\nContent-Length: " +
                       std::to_string(has_body ? answer.body.size() : 0) +
                       "\r\n";
    for (const auto& [name, value] : answer.headers) {
      text.append(name).append(": ").append(value).append("\r\n");
    }
    text +=
        "\r\n" + (has_body ? answer.body.substr(0, answer.max_body_bytes) : "");
    send_all(peer, text);
  }

  static bool receive(int peer, std::string& text) {
    char buffer[4096];
    const ssize_t got = ::recv(peer, buffer, sizeof(buffer), 0);
    text.append(buffer, static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return got > 0;
  }

  static ServedRequest read_request(int peer) {
    std::string text;
    size_t end = std::string::npos;
    while ((end = text.find("\r\n\r\n")) == std::string::npos) {
      if (!receive(peer, text)) {
        return {};
      }
    }
    ServedRequest request = parse_head(text.substr(0, end + 2));
    const std::string length = request.header("content-length");
    const size_t num_bytes = length.empty() ? 0 : std::stoul(length);
    while (text.size() < end + 4 + num_bytes && receive(peer, text)) {
    }
    request.body = text.substr(end + 4);
    return request;
  }

  // "POST /path HTTP/1.1\r\nname: value\r\n".
  static ServedRequest parse_head(const std::string& head) {
    ServedRequest request;
    const size_t first = head.find(' ');
    const size_t second = head.find(' ', first + 1);
    request.method = head.substr(0, first);
    request.target = head.substr(first + 1, second - first - 1);
    size_t begin = head.find("\r\n") + 2;
    while (begin < head.size()) {
      const size_t end = head.find("\r\n", begin);
      const size_t colon = std::min(head.find(':', begin), end);
      std::string name = head.substr(begin, colon - begin);
      std::transform(
          name.begin(), name.end(), name.begin(), [](unsigned char c) {
            return static_cast<char>(std::tolower(c));
          });
      const size_t value = head.find_first_not_of(' ', colon + 1);
      request.headers[name] =
          value < end ? head.substr(value, end - value) : "";
      begin = end + 2;
    }
    return request;
  }

  static void send_all(int peer, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent =
          ::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return;
      }
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }

  Handler handler_;
  int socket_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<ServedRequest> requests_;
  std::thread thread_;
};

}  // namespace nadir
