#include "dashboard/guard.h"

#include <gtest/gtest.h>

namespace nadir::dashboard {
namespace {

http::Request asked_of(const std::string& host) {
  http::Request request;
  request.method = "GET";
  request.path = "/api/runs";
  request.headers["host"] = host;
  return request;
}

int status_of(const Guard& guard, const http::Request& request) {
  const auto refusal = guard.check(request);
  return refusal ? refusal->status : 200;
}

TEST(Guard, WithoutATokenAnswersToThisMachinesOwnNamesAlone) {
  const Guard guard("", "");
  for (const char* host :
       {"localhost:8050", "127.0.0.1:8050", "[::1]:8050", "127.1.2.3"}) {
    EXPECT_EQ(status_of(guard, asked_of(host)), 200) << host;
  }
  // Names that an attacker's name server may point at this machine.
  for (const char* host :
       {"evil.example",
        "127.evil.example:8050",
        "localhost.evil.example",
        "192.168.1.7:8050",
        "[::2]",
        ""}) {
    EXPECT_EQ(status_of(guard, asked_of(host)), 403) << host;
  }
}

TEST(Guard, RefusesChangesByOtherPages) {
  const Guard guard("", "");
  auto request = asked_of("localhost:8050");
  request.method = "PUT";
  EXPECT_EQ(status_of(guard, request), 200);  // no browser: curl, scripts
  request.headers["origin"] = "http://localhost:8050";
  EXPECT_EQ(status_of(guard, request), 200);
  for (const char* origin :
       {"https://evil.example", "http://localhost:9999", "null"}) {
    request.headers["origin"] = origin;
    EXPECT_EQ(status_of(guard, request), 403) << origin;
  }
}

TEST(Guard, AsksForTheTokenByCookieOrHeader) {
  const Guard guard("0123456789abcdef", "");
  auto request = asked_of("gpu7.example:8050");
  EXPECT_EQ(status_of(guard, request), 401);
  request.headers["authorization"] = "Bearer 0123456789abcdef";
  EXPECT_EQ(status_of(guard, request), 200);
  request.headers["authorization"] = "Bearer 0123456789abcdeF";
  EXPECT_EQ(status_of(guard, request), 401);
  request.headers.erase("authorization");
  request.headers["cookie"] = "other=1; nadir_token=0123456789abcdef; x=y";
  EXPECT_EQ(status_of(guard, request), 200);
  request.headers["cookie"] = "nadir_token=0123456789abcde";
  EXPECT_EQ(status_of(guard, request), 401);
  request.headers["cookie"] = "xnadir_token=0123456789abcdef";
  EXPECT_EQ(status_of(guard, request), 401);
}

TEST(Guard, TakesTheTokenOutOfTheAddress) {
  const Guard guard("0123456789abcdef", "");
  auto request = asked_of("gpu7.example:8050");
  request.path = "/";
  request.query = "token=0123456789abcdef";
  const auto answer = guard.check(request);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 303);
  EXPECT_EQ(answer->headers[0].second, "/");
  EXPECT_NE(answer->headers[1].second.find("HttpOnly"), std::string::npos);
  EXPECT_NE(
      answer->headers[1].second.find("SameSite=Strict"), std::string::npos);
  request.query = "token=0123456789abcdeX";
  EXPECT_EQ(status_of(guard, request), 401);
  request.query = "token=0123456789abcdef";
  request.method = "PUT";
  EXPECT_EQ(status_of(guard, request), 401);
}

TEST(Guard, LetsPicturesComeFromTheTilesAlone) {
  const auto policy_with = [](const std::string& tiles) {
    http::Response response;
    Guard("", tiles).protect(response);
    EXPECT_EQ(response.headers[0].first, "Content-Security-Policy");
    return response.headers[0].second;
  };
  EXPECT_EQ(policy_with("").find("http"), std::string::npos);
  EXPECT_EQ(policy_with("").find("unsafe"), std::string::npos);
  EXPECT_NE(
      policy_with("https://{s}.tiles.example/{z}/{x}/{y}.png")
          .find("img-src 'self' data: blob: https://*.tiles.example;"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::dashboard
