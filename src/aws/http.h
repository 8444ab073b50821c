// Requests over libcurl. Knows nothing of services.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "aws/signature.h"

namespace nadir::aws {

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};

  // The header's value, or "".
  [[nodiscard]] std::string header(const std::string& name) const;
};

// Nothing came back, or not all of it: no connection, a time-out, a body that
// ends early. Another try may succeed.
class HttpFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  // Without a byte for this long the request is given up.
  std::chrono::seconds stall_timeout{60};
  // For the whole request; 0 for none.
  std::chrono::milliseconds total_timeout{0};
  // Whether http_proxy and its fellows in the environment count.
  bool uses_proxy = true;
};

// Receives a body piece by piece, instead of HttpResponse::body; only of
// answers with a status below 300. Returns false to stop, which is an
// HttpFailure; what it throws, send() throws.
using BodySink = std::function<bool(std::string_view)>;

// Connections that are kept and used again. Thread-safe: each thread that
// sends at the same time has a connection of its own. TLS certificates are
// checked, against AWS_CA_BUNDLE where that is set; redirects are not followed.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options = {}, std::string ca_bundle = "");
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The answer, whatever its status. `body` goes out in place of the request's
  // own where it is given, without a copy. Throws HttpFailure; Error{kIo}
  // when this process catches a signal meanwhile; Error{kInvalidArgument} where
  // a header holds a line break, and so would become two.
  [[nodiscard]] HttpResponse send(
      const HttpRequest& request,
      const BodySink& sink = {},
      std::string_view body = {}) const;

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
  HttpOptions options_;
  std::string ca_bundle_;
};

}  // namespace nadir::aws
