// A request and its answer, whatever carries them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nadir::http {

struct Request {
  std::string method;  // "GET", "POST"; upper case
  std::string path;    // "/invocations": without what follows a '?'
  std::string query;   // what follows it
  std::string content_type;
  std::string accept;
  std::string body;
  std::map<std::string, std::string> headers;  // all, names in lower case

  // The header of that name in lower case, "" where there is none.
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }

  // Set where nobody waits for the answer any more: work on it may stop.
  std::shared_ptr<const std::atomic<bool>> is_given_up;
};

// A body that goes on until it is closed, as of Server-Sent Events.
class BodyStream {
 public:
  BodyStream() = default;
  virtual ~BodyStream() = default;
  BodyStream(const BodyStream&) = delete;
  BodyStream& operator=(const BodyStream&) = delete;

  // Sends the bytes, behind those of earlier calls. Returns false where the
  // client is gone, or is dropped because it takes too little of what it is
  // sent. From any thread; does not wait.
  virtual bool write(std::string bytes) = 0;

  // Ends the body behind what was written.
  virtual void close() = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones

  // Where set, there is no body: once the header is out, this is called on the
  // server's thread with what the body is written to.
  std::function<void(std::shared_ptr<BodyStream> stream)> on_stream;
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

}  // namespace nadir::http
