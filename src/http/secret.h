// Secrets that clients send.
#pragma once

#include <string>

namespace nadir::http {

// In a time that does not tell how much of `given` is right.
[[nodiscard]] inline bool is_same_secret(
    const std::string& given, const std::string& secret) {
  volatile unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < secret.size(); ++i) {
    const char letter = i < given.size() ? given[i] : '\0';
    difference = difference | static_cast<unsigned char>(letter ^ secret[i]);
  }
  return difference == 0;
}

}  // namespace nadir::http
