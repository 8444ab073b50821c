// Who may ask, and what a browser may do with the answers.
#pragma once

#include <optional>
#include <string>

#include "http/message.h"

namespace nadir::dashboard {

// Keeps other machines, other users' browsers and other pages out. Thread-safe.
class Guard {
 public:
  // With a token every request must carry it; without, only requests for this
  // machine's own names are answered, so that no page of elsewhere whose name
  // was made to mean this machine can read (DNS rebinding). `tile_url` may be
  // empty; pictures may come from its host.
  Guard(std::string token, const std::string& tile_url);

  // Whether `host` names this machine to itself alone.
  [[nodiscard]] static bool is_loopback(const std::string& host);

  // A refusal; none for a request that may be answered. The address's own
  // "?token=" is taken for a cookie and a redirect, so that it does not stay in
  // the address bar.
  [[nodiscard]] std::optional<http::Response> check(
      const http::Request& request) const;

  // Adds what all answers carry: nothing but our own scripts, styles and
  // pictures, no frames, no guessing of types, nothing kept unless it says so.
  void protect(http::Response& response) const;

 private:
  [[nodiscard]] bool has_token(const http::Request& request) const;

  std::string token_;
  std::string content_policy_;
};

}  // namespace nadir::dashboard
