// A client that sends any bytes and reads any answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace nadir::http {

struct Answer {
  int status = 0;  // 0: none came
  std::string header;
  std::string body;

  [[nodiscard]] bool has(std::string_view text) const {
    return header.find(text) != std::string::npos ||
           body.find(text) != std::string::npos;
  }
};

// One connection to this machine.
class Client {
 public:
  explicit Client(int port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // False where the server has closed.
  bool send(std::string_view bytes);
  // The next answer; status 0 where the server closes or nothing comes in time.
  Answer receive(std::chrono::milliseconds patience = std::chrono::seconds(10));
  // Whether the server closes within the time; reads what comes.
  bool is_closed(std::chrono::milliseconds patience);

 private:
  bool read_more(std::chrono::steady_clock::time_point deadline);

  int socket_ = -1;
  std::string buffer_;
};

// A whole exchange on a connection of its own.
Answer get(int port, const std::string& path, const std::string& header = "");
Answer post(
    int port,
    const std::string& path,
    std::string_view body,
    const std::string& content_type,
    const std::string& header = "");

// The text of such a POST.
std::string post_text(
    const std::string& path,
    std::string_view body,
    const std::string& content_type,
    const std::string& header = "");

}  // namespace nadir::http
