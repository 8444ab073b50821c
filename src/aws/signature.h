// AWS Signature Version 4: what proves to a service who sends a request.
// Source: AWS General Reference, "Create a signed AWS API request".
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "aws/credentials.h"
#include "aws/uri.h"

namespace nadir::aws {

// A request as it goes over the wire.
struct HttpRequest {
  std::string method = "GET";
  Endpoint endpoint;
  std::string path = "/";  // encoded, behind the endpoint's own
  Query query{};           // not encoded
  // Names in lower case. Host is made from the endpoint.
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};

  // The address with path and query.
  [[nodiscard]] std::string url() const;
};

// What a signature is made for.
struct SigningScope {
  std::string region;
  std::string service;  // its signing name: "sagemaker", "s3", "logs" ...
  WallClock::time_point time = WallClock::now();
  // The body's SHA-256 in hexadecimal, where it is known already or is not in
  // the request; "" hashes the request's body.
  std::string payload_hash{};
};

// Adds x-amz-date, x-amz-security-token (for temporary keys), authorization
// and for S3 x-amz-content-sha256. All headers the request has by then are
// signed. Signing a request again replaces what an earlier signature added.
void sign(
    HttpRequest& request,
    const Credentials& credentials,
    const SigningScope& scope);

// The canonical request of the signature, for messages and tests: method, path,
// query, headers, their names, the body's hash.
[[nodiscard]] std::string canonical_request(
    const HttpRequest& request, const SigningScope& scope);

}  // namespace nadir::aws
