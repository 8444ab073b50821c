#include "dashboard/guard.h"

#include <algorithm>

#include "dashboard/query.h"
#include "dashboard/router.h"
#include "http/secret.h"

namespace nadir::dashboard {
namespace {

constexpr const char* kCookie = "nadir_token";

// "127.0.0.1:8050" and "[::1]:8050" without their port.
std::string name_of(const std::string& host) {
  if (host.starts_with('[')) {
    return host.substr(1, host.find(']') - 1);
  }
  return host.substr(0, host.find(':'));
}

// "https://tiles.example:8080" of an address below it.
std::string origin_of(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) {
    return "";
  }
  const auto origin = url.substr(0, url.find('/', scheme + 3));
  if (const size_t at = origin.find("{s}"); at != std::string::npos) {
    // The tile servers a, b and c.
    return origin.substr(0, at) + "*" + origin.substr(at + 3);
  }
  return origin;
}

std::string cookie_of(const http::Request& request, const std::string& name) {
  const std::string cookies = "; " + request.header("cookie");
  const std::string wanted = "; " + name + "=";
  const size_t at = cookies.find(wanted);
  if (at == std::string::npos) {
    return "";
  }
  const size_t from = at + wanted.size();
  return cookies.substr(from, cookies.find(';', from) - from);
}

}  // namespace

Guard::Guard(std::string token, const std::string& tile_url)
    : token_(std::move(token)) {
  const auto tiles = origin_of(tile_url);
  content_policy_ =
      "default-src 'none'; script-src 'self'; style-src 'self'; "
      "img-src 'self' data: blob:" +
      (tiles.empty() ? "" : " " + tiles) +
      "; connect-src 'self'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'";
}

bool Guard::is_loopback(const std::string& host) {
  const bool is_address =
      host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" ||
         (is_address && host.starts_with("127."));
}

bool Guard::has_token(const http::Request& request) const {
  return http::is_same_secret(cookie_of(request, kCookie), token_) ||
         http::is_same_secret(
             request.header("authorization"), "Bearer " + token_);
}

std::optional<http::Response> Guard::check(const http::Request& request) const {
  const auto host = request.header("host");
  if (token_.empty() && !is_loopback(name_of(host))) {
    return error_response(
        403,
        "this dashboard answers to localhost alone; start it with --token to "
        "reach it by another name");
  }
  const bool is_write = request.method != "GET" && request.method != "HEAD";
  const auto origin = request.header("origin");
  if (is_write && !origin.empty() && origin != "http://" + host &&
      origin != "https://" + host) {
    return error_response(403, "pages of elsewhere may not change anything");
  }
  if (token_.empty() || has_token(request)) {
    return std::nullopt;
  }
  const auto given = Query(request.query).text("token");
  if (!is_write && http::is_same_secret(given, token_)) {
    http::Response response;
    response.status = 303;
    response.headers = {
        {"Location", "/"},
        {"Set-Cookie",
         std::string(kCookie) + "=" + token_ +
             "; HttpOnly; SameSite=Strict; Path=/"}};
    return response;
  }
  auto response = error_response(
      401,
      "open the address that `nadir dashboard` printed, which holds the "
      "token, or send it as 'Authorization: Bearer TOKEN'");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

void Guard::protect(http::Response& response) const {
  response.headers.emplace_back("Content-Security-Policy", content_policy_);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  const auto is_cached = [](const auto& header) {
    return header.first == "Cache-Control";
  };
  if (std::none_of(
          response.headers.begin(), response.headers.end(), is_cached)) {
    response.headers.emplace_back("Cache-Control", "no-store");
  }
}

}  // namespace nadir::dashboard
