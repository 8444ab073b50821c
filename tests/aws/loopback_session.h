// Sessions whose services are all one server on this machine.
#pragma once

#include <memory>
#include <string>

#include "aws/retry.h"
#include "aws/session.h"
#include "support/loopback_server.h"
#include "support/variables.h"

namespace nadir::aws {

// Secrets that no message may show.
inline constexpr const char* kSecretKey = "hush/key+of/forty=letters";
inline constexpr const char* kSecretToken = "hush-token-of-the-session";

// Keys and a region in the environment, and nothing of this machine's own.
inline Variables loopback_variables(const LoopbackServer& server) {
  return {
      {"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
      {"AWS_SECRET_ACCESS_KEY", kSecretKey},
      {"AWS_SESSION_TOKEN", kSecretToken},
      {"AWS_REGION", "eu-central-1"},
      {"AWS_ENDPOINT_URL", server.url()},
      {"AWS_EC2_METADATA_DISABLED", "true"}};
}

inline std::shared_ptr<const Session> loopback_session(
    const LoopbackServer& server, const Variables& more = {}) {
  Variables variables = loopback_variables(server);
  for (const auto& [name, value] : more) {
    variables[name] = value;
  }
  return std::make_shared<const Session>(
      SessionOptions{}, environment_with(std::move(variables)));
}

// Three tries that lose no time.
inline RetryPolicy hasty_retry() {
  RetryPolicy policy;
  policy.max_attempts = 3;
  policy.first_wait = std::chrono::milliseconds(1);
  policy.longest_wait = std::chrono::milliseconds(20);
  return policy;
}

}  // namespace nadir::aws
