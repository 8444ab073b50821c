#include "aws/uri.h"

#include <algorithm>

#include "core/error.h"

namespace nadir::aws {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
}

// The value of a hexadecimal digit, or -1.
int digit_of(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::string uri_encode(std::string_view text, bool keep_slashes) {
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slashes && c == '/')) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHexDigits[byte >> 4];
      encoded += kHexDigits[byte & 15];
    }
  }
  return encoded;
}

std::string uri_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() &&
                           digit_of(text[i + 1]) >= 0 &&
                           digit_of(text[i + 2]) >= 0;
    if (is_escape) {
      decoded +=
          static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string query_text(const Query& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) {
    encoded.emplace_back(uri_encode(name), uri_encode(value));
  }
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) {
    text += (text.empty() ? "" : "&") + name + "=" + value;
  }
  return text;
}

Endpoint parse_endpoint(const std::string& address, const std::string& what) {
  const auto refuse = [&](const char* rule) {
    fail(
        ErrorCode::kInvalidArgument,
        "{} '{}': {}; write it as https://host[:port]",
        what,
        address,
        rule);
  };
  Endpoint endpoint;
  const auto colon = address.find("://");
  endpoint.scheme = address.substr(0, colon);
  if (colon == std::string::npos ||
      (endpoint.scheme != "http" && endpoint.scheme != "https")) {
    refuse("an address begins with http:// or https://");
  }
  const std::string rest = address.substr(colon + 3);
  const auto slash = rest.find('/');
  endpoint.host = rest.substr(0, slash);
  endpoint.path = slash == std::string::npos ? "" : rest.substr(slash);
  while (endpoint.path.ends_with('/')) {
    endpoint.path.pop_back();
  }
  const bool has_odd_byte = std::any_of(
      address.begin(), address.end(), [](char c) { return c <= ' '; });
  if (endpoint.host.empty() || endpoint.host.front() == ':') {
    refuse("it names no host");
  }
  if (has_odd_byte || address.find_first_of("?#@") != std::string::npos) {
    refuse("it holds blanks, a query, a fragment or a user's name");
  }
  return endpoint;
}

}  // namespace nadir::aws
