#include "http/client.h"

#include <algorithm>
#include <cctype>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"

namespace nadir::http {

Client::Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  NADIR_CHECK(
      ::connect(
          socket_,
          reinterpret_cast<const sockaddr*>(&address),
          sizeof(address)) == 0,
      "cannot connect to port {}",
      port);
}

Client::~Client() {
  ::close(socket_);
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool Client::read_more(std::chrono::steady_clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd wanted = {socket_, POLLIN, 0};
  if (::poll(
          &wanted, 1, static_cast<int>(std::max<int64_t>(0, left.count()))) <=
      0) {
    return false;
  }
  char bytes[16 << 10];
  const auto size = ::recv(socket_, bytes, sizeof(bytes), 0);
  if (size <= 0) {
    return false;
  }
  buffer_.append(bytes, static_cast<size_t>(size));
  return true;
}

Answer Client::receive(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more(deadline)) {
      return {};
    }
  }
  Answer answer;
  answer.header = buffer_.substr(0, end + 4);
  answer.status = std::atoi(answer.header.substr(9, 3).c_str());
  buffer_.erase(0, end + 4);
  std::string lower = answer.header;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  });
  const size_t at = lower.find("content-length:");
  if (at == std::string::npos && answer.status == 200) {
    while (read_more(deadline)) {  // until the server closes
    }
    answer.body = std::exchange(buffer_, {});
    return answer;
  }
  const size_t size =
      at == std::string::npos
          ? 0
          : static_cast<size_t>(std::atol(lower.c_str() + at + 15));
  while (buffer_.size() < size) {
    if (!read_more(deadline)) {
      return {};
    }
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

bool Client::is_closed(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (read_more(deadline)) {
  }
  return std::chrono::steady_clock::now() < deadline;
}

Answer get(int port, const std::string& path, const std::string& header) {
  Client client(port);
  client.send(
      fmt::format("GET {} HTTP/1.1\r\nHost: x\r\n{}\r\n", path, header));
  return client.receive();
}

std::string post_text(
    const std::string& path,
    std::string_view body,
    const std::string& content_type,
    const std::string& header) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: {}\r\nContent-Length: "
      "{}\r\n{}\r\n{}",
      path,
      content_type,
      body.size(),
      header,
      body);
}

Answer post(
    int port,
    const std::string& path,
    std::string_view body,
    const std::string& content_type,
    const std::string& header) {
  Client client(port);
  client.send(post_text(path, body, content_type, header));
  return client.receive();
}

}  // namespace nadir::http
