#include "aws/uri.h"

#include <algorithm>
#include <cctype>
#include <charconv>

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

// Where the port begins in "host:port" and "[fd00::1]:port".
size_t port_colon_of(const std::string& host) {
  const auto bracket = host.rfind(']');
  return host.find(':', bracket == std::string::npos ? 0 : bracket);
}

// The number, or 0 where the text is no port.
int port_of(const std::string& text) {
  int port = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, port);
  const bool is_port =
      read.ec == std::errc() && read.ptr == end && port >= 1 && port <= 65535;
  return is_port ? port : 0;
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

std::string normal_path(std::string_view path) {
  std::vector<std::string_view> segments;
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const auto segment = path.substr(begin, end - begin);
    if (segment == "..") {
      if (!segments.empty()) {
        segments.pop_back();
      }
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    begin = end + 1;
  }
  std::string text;
  for (const auto segment : segments) {
    text.append("/").append(segment);
  }
  return text.empty() || path.ends_with('/') ? text + "/" : text;
}

Endpoint parse_endpoint(const std::string& address, const std::string& what) {
  const auto at = address.rfind('@');
  const auto refuse = [&](const char* rule) {
    fail(
        ErrorCode::kInvalidArgument,
        "{} '{}': {}; write it as https://host[:port]",
        what,
        at == std::string::npos ? address : "***" + address.substr(at),
        rule);
  };
  Endpoint endpoint;
  const auto colon = address.find("://");
  endpoint.scheme = address.substr(0, colon);
  if (colon == std::string::npos ||
      (endpoint.scheme != "http" && endpoint.scheme != "https")) {
    refuse("an address begins with http:// or https://");
  }
  const bool has_odd_byte =
      std::any_of(address.begin(), address.end(), [](unsigned char c) {
        return c <= ' ' || c > '~';
      });
  if (has_odd_byte || address.find_first_of("?#@\\") != std::string::npos) {
    refuse(
        "it holds blanks, bytes beyond ASCII, a query, a fragment or a user's "
        "name");
  }
  const std::string rest = address.substr(colon + 3);
  const auto slash = rest.find('/');
  endpoint.host = rest.substr(0, slash);
  endpoint.path = slash == std::string::npos ? "" : rest.substr(slash);
  while (endpoint.path.ends_with('/')) {
    endpoint.path.pop_back();
  }
  std::transform(
      endpoint.host.begin(),
      endpoint.host.end(),
      endpoint.host.begin(),
      [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (endpoint.host.empty() || endpoint.host.front() == ':') {
    refuse("it names no host");
  }
  const auto port_colon = port_colon_of(endpoint.host);
  if (port_colon != std::string::npos) {
    const int port = port_of(endpoint.host.substr(port_colon + 1));
    if (port == 0) {
      refuse("its port is no number from 1 to 65535");
    }
    endpoint.host.resize(port_colon);
    if (port != (endpoint.scheme == "https" ? 443 : 80)) {
      endpoint.host.append(":").append(std::to_string(port));
    }
  }
  return endpoint;
}

}  // namespace nadir::aws
