// A request and its answer, whatever carries them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nadir::serve {

struct Request {
  std::string method;  // "GET", "POST"; upper case
  std::string path;    // "/invocations": without what follows a '?'
  std::string content_type;
  std::string accept;
  std::string body;

  // Set where nobody waits for the answer any more: work on it may stop.
  std::shared_ptr<const std::atomic<bool>> is_given_up;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones
};

// A few words for a human, and a newline.
[[nodiscard]] inline Response text_response(int status, std::string text) {
  Response response;
  response.status = status;
  response.body = std::move(text) + "\n";
  return response;
}

// The same for what a client may try again in a moment.
[[nodiscard]] inline Response retry_response(int status, std::string text) {
  auto response = text_response(status, std::move(text));
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

// Gives the answer to a request. From any thread; calls after the first, and
// after the client is gone, do nothing.
using Reply = std::function<void(Response response)>;

}  // namespace nadir::serve
