// Percent-encoding as signatures want it, and addresses taken apart.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nadir::aws {

// All bytes but A-Z a-z 0-9 - _ . ~ as %XX with upper-case digits; slashes too
// unless `keep_slashes`.
[[nodiscard]] std::string uri_encode(
    std::string_view text, bool keep_slashes = false);

// The reverse; a broken escape stays as it is.
[[nodiscard]] std::string uri_decode(std::string_view text);

// Names and values of a query, not encoded.
using Query = std::vector<std::pair<std::string, std::string>>;

// "a=1&b=": encoded, sorted by encoded name and value, as both the request line
// and the signature have it.
[[nodiscard]] std::string query_text(const Query& query);

// The path as services other than S3 sign it: without "." and "..", and with
// single slashes (RFC 3986, section 5.2.4).
[[nodiscard]] std::string normal_path(std::string_view path);

// An address without path and query: "https", "host:port".
struct Endpoint {
  std::string scheme;
  // In lower case, with the port where the address names one that its scheme
  // does not imply: as it is sent, and so as it is signed.
  std::string host;
  std::string path;  // "" or "/prefix", no slash at its end

  [[nodiscard]] std::string text() const {
    return scheme + "://" + host + path;
  }
};

// Of "https://host[:port][/prefix]". Throws Error{kInvalidArgument} naming
// `what` the address is and where it came from; a password in it is not shown.
[[nodiscard]] Endpoint parse_endpoint(
    const std::string& address, const std::string& what);

}  // namespace nadir::aws
