#include "aws/signature.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/hash.h"

namespace nadir::aws {
namespace {

constexpr const char* kAlgorithm = "AWS4-HMAC-SHA256";
constexpr const char* kPayloadHeader = "x-amz-content-sha256";

std::string hmac_sha256(const std::string& key, const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(
      EVP_sha256(),
      key.data(),
      static_cast<int>(key.size()),
      reinterpret_cast<const unsigned char*>(text.data()),
      text.size(),
      digest.data(),
      &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string hex_of(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

// "20261126T050000Z".
std::string time_text(WallClock::time_point time) {
  const std::time_t seconds = WallClock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  const size_t size =
      std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return {text.data(), size};
}

// Without blanks at the ends, and with single ones between.
std::string folded(const std::string& value) {
  std::string text;
  for (const char c : value) {
    const bool is_blank = c == ' ' || c == '\t';
    if (!is_blank) {
      text += c;
    } else if (!text.empty() && text.back() != ' ') {
      text += ' ';
    }
  }
  while (text.ends_with(' ')) {
    text.pop_back();
  }
  return text;
}

// The headers as they are signed, sorted; a name that stands there twice has
// both values.
std::map<std::string, std::string> signed_headers(const HttpRequest& request) {
  std::map<std::string, std::string> headers{{"host", request.endpoint.host}};
  for (const auto& [name, value] : request.headers) {
    const auto [place, is_new] = headers.emplace(name, folded(value));
    if (!is_new) {
      place->second.append(",").append(folded(value));
    }
  }
  return headers;
}

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) {
    names += (names.empty() ? "" : ";") + name;
  }
  return names;
}

std::string payload_hash(
    const HttpRequest& request, const SigningScope& scope) {
  return scope.payload_hash.empty() ? sha256_hex(request.body)
                                    : scope.payload_hash;
}

void set_header(
    HttpRequest& request, const std::string& name, const std::string& value) {
  std::erase_if(request.headers, [&](const auto& header) {
    return header.first == name;
  });
  if (!value.empty()) {
    request.headers.emplace_back(name, value);
  }
}

}  // namespace

std::string HttpRequest::url() const {
  const std::string text = query_text(query);
  return endpoint.text() + path + (text.empty() ? "" : "?" + text);
}

std::string canonical_request(
    const HttpRequest& request, const SigningScope& scope) {
  // S3 signs the path as it is sent, all others without dots and double slashes
  // and encoded once more.
  const std::string path = request.endpoint.path + request.path;
  const auto headers = signed_headers(request);
  std::string text = request.method + "\n";
  text += (scope.service == "s3" ? path : uri_encode(normal_path(path), true)) +
          "\n";
  text += query_text(request.query) + "\n";
  for (const auto& [name, value] : headers) {
    text += name + ":" + value + "\n";
  }
  return text + "\n" + names_of(headers) + "\n" + payload_hash(request, scope);
}

void sign(
    HttpRequest& request,
    const Credentials& credentials,
    const SigningScope& scope) {
  const std::string time = time_text(scope.time);
  const std::string date = time.substr(0, 8);
  set_header(request, "authorization", "");
  set_header(request, "x-amz-date", time);
  set_header(request, "x-amz-security-token", credentials.session_token);
  if (scope.service == "s3") {
    set_header(request, kPayloadHeader, payload_hash(request, scope));
  }
  const std::string place =
      fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
  const std::string to_sign = fmt::format(
      "{}\n{}\n{}\n{}",
      kAlgorithm,
      time,
      place,
      sha256_hex(canonical_request(request, scope)));
  std::string key = "AWS4" + credentials.secret_access_key;
  for (const std::string& step :
       {date, scope.region, scope.service, std::string("aws4_request")}) {
    key = hmac_sha256(key, step);
  }
  set_header(
      request,
      "authorization",
      fmt::format(
          "{} Credential={}/{}, SignedHeaders={}, Signature={}",
          kAlgorithm,
          credentials.access_key_id,
          place,
          names_of(signed_headers(request)),
          hex_of(hmac_sha256(key, to_sign))));
}

}  // namespace nadir::aws
