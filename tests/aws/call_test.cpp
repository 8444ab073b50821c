// One signed request, by a server that fails on purpose.
#include "aws/call.h"

#include <chrono>

#include <gtest/gtest.h>

#include "aws/loopback_session.h"
#include "aws/message.h"
#include "core/file.h"
#include "core/hash.h"

namespace nadir::aws {
namespace {

Call get_object(const LoopbackServer& server) {
  Call call;
  call.name = "s3://b/k";
  call.request.endpoint = parse_endpoint(server.url() + "/b", "x");
  call.request.path = "/k%20%2B";
  return call;
}

std::string authorization_of(const ServedRequest& request) {
  return request.header("authorization");
}

// What the signature must be for what came in over the wire.
std::string expected_authorization(
    const ServedRequest& got, const Credentials& credentials) {
  HttpRequest request;
  request.method = got.method;
  request.endpoint = {"http", got.header("host"), ""};
  const auto query = std::min(got.target.find('?'), got.target.size());
  request.path = got.target.substr(0, query);
  request.body = got.body;
  const std::string names = authorization_of(got);
  for (const auto& [name, value] : got.headers) {
    const auto list = names.substr(names.find("SignedHeaders="));
    if (name != "host" && name != "authorization" &&
        (list.find("=" + name + ";") != std::string::npos ||
         list.find(";" + name + ";") != std::string::npos ||
         list.find(";" + name + ",") != std::string::npos)) {
      request.headers.emplace_back(name, value);
    }
  }
  SigningScope scope;
  scope.region = "eu-central-1";
  scope.service = "s3";
  const std::string date = got.header("x-amz-date");  // 20261126T050000Z
  scope.time = *parse_iso_time(
      date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 5) +
      ":" + date.substr(11, 2) + ":" + date.substr(13));
  sign(request, credentials, scope);
  return request.headers.back().second;
}

TEST(SendSigned, SignsWhatTheServerGets) {
  const LoopbackServer server(in_turn({{.body = "bytes"}}));
  const auto session = loopback_session(server);
  auto call = get_object(server);
  call.request.method = "PUT";
  call.request.headers = {{"x-amz-meta-a", " a \t b "}, {"x-amz-meta-b", ""}};
  call.body = "the body";
  EXPECT_EQ(send_signed(*session, call).body, "bytes");
  const auto got = server.requests().at(0);
  EXPECT_EQ(got.target, "/b/k%20%2B");
  EXPECT_EQ(got.body, "the body");
  EXPECT_EQ(got.header("x-amz-content-sha256"), sha256_hex("the body"));
  EXPECT_EQ(got.header("x-amz-security-token"), kSecretToken);
  EXPECT_EQ(
      authorization_of(got),
      expected_authorization(got, session->credentials()));
}

TEST(SendSigned, StreamsAndBeginsAgainAfterACut) {
  const LoopbackServer server(in_turn(
      {{.body = "0123456789", .max_body_bytes = 3}, {.body = "0123456789"}}));
  auto call = get_object(server);
  std::string taken;
  call.begin = [&] { taken.clear(); };
  call.sink = [&](std::string_view bytes) {
    taken += bytes;
    return true;
  };
  (void)send_signed(*loopback_session(server), call, hasty_retry());
  EXPECT_EQ(taken, "0123456789");
  EXPECT_EQ(server.num_requests(), 2U);
}

TEST(SendSigned, TriesAgainWhatMayPassAndSignsAnew) {
  for (const ServedAnswer& failure : std::vector<ServedAnswer>{
           {.status = 500},
           {.status = 503, .body = "<Error><Code>SlowDown</Code></Error>"},
           {.status = 429},
           {.status = 400, .body = R"({"__type":"ThrottlingException"})"},
           {.hangs_up = true},
           {.body = "abcdef", .max_body_bytes = 3}}) {
    const LoopbackServer server(in_turn({failure, failure, {.body = "good"}}));
    const auto response = send_signed(
        *loopback_session(server), get_object(server), hasty_retry());
    EXPECT_EQ(response.body, "good") << failure.status << failure.body;
    EXPECT_EQ(server.num_requests(), 3U);
  }
}

TEST(SendSigned, GivesUpAfterItsTries) {
  const LoopbackServer server(in_turn({{.status = 503}}));
  expect_says(
      message_of([&] {
        (void)send_signed(
            *loopback_session(server), get_object(server), hasty_retry());
      }),
      {"s3://b/k", "503"});
  EXPECT_EQ(server.num_requests(), 3U);
  const LoopbackServer silent(in_turn({{.hangs_up = true}}));
  expect_says(
      message_of([&] {
        (void)send_signed(
            *loopback_session(silent), get_object(silent), hasty_retry());
      }),
      {"s3://b/k", "3 tries", silent.url().c_str()});
}

TEST(SendSigned, DoesNotTryAgainWhatWillNotPass) {
  for (const int status : {400, 403, 404, 412, 501, 301, 307}) {
    const LoopbackServer server(
        in_turn({{.status = status, .headers = {{"Location", "/elsewhere"}}}}));
    EXPECT_THROW(
        (void)send_signed(
            *loopback_session(server), get_object(server), hasty_retry()),
        ServiceError)
        << status;
    EXPECT_EQ(server.num_requests(), 1U) << status;
  }
}

TEST(SendSigned, LeavesTheAnswersThatTheCallerReads) {
  const LoopbackServer server(in_turn({{.status = 404}}));
  auto call = get_object(server);
  call.accepts = [](long status) { return status == 404; };
  EXPECT_EQ(send_signed(*loopback_session(server), call).status, 404);
}

TEST(SendSigned, TriesAgainWhatTheCallerDoesNotTake) {
  const LoopbackServer server(in_turn({{.body = "bad"}, {.body = "good"}}));
  auto call = get_object(server);
  call.check = [](const HttpResponse& response) {
    return response.body == "good" ? "" : "the checksum differs";
  };
  EXPECT_EQ(
      send_signed(*loopback_session(server), call, hasty_retry()).body, "good");
  const LoopbackServer broken(in_turn({{.body = "bad"}}));
  call.request.endpoint = parse_endpoint(broken.url(), "x");
  expect_says(
      message_of([&] {
        (void)send_signed(*loopback_session(broken), call, hasty_retry());
      }),
      {"s3://b/k: the checksum differs"});
}

TEST(SendSigned, WaitsAsLongAsTheServerAsks) {
  const LoopbackServer server(in_turn(
      {{.status = 503, .headers = {{"Retry-After", "1"}}}, {.body = "good"}}));
  RetryPolicy policy = hasty_retry();
  policy.longest_wait = std::chrono::milliseconds(300);  // and no longer
  const auto begin = std::chrono::steady_clock::now();
  (void)send_signed(*loopback_session(server), get_object(server), policy);
  const auto waited = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(waited, std::chrono::milliseconds(300));
  EXPECT_LT(waited, std::chrono::milliseconds(950));
}

// Keys that a program hands out, and that it counts.
class Renewal : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<const Session> session(
      const LoopbackServer& server) const {
    const auto count = (folder_.path() / "count").string();
    write_file(
        folder_.path() / ".aws/config",
        "[default]\nregion = eu-central-1\ncredential_process = echo x >> " +
            count +
            "; printf '{\"AccessKeyId\":\"KEY%d\",\"SecretAccessKey\":"
            "\"s\"}' $(wc -l < " +
            count + ")\n");
    return loopback_session(
        server,
        {{"HOME", folder_.path().string()},
         {"AWS_ACCESS_KEY_ID", ""},
         {"AWS_SECRET_ACCESS_KEY", ""},
         {"AWS_SESSION_TOKEN", ""}});
  }

  TemporaryFolder folder_;
};

const ServedAnswer kExpired{
    .status = 400,
    .body = R"({"__type":"ExpiredTokenException","message":"expired"})"};

TEST_F(Renewal, HappensOnceWhereTheServiceSaysSo) {
  const LoopbackServer server(in_turn({kExpired, {.body = "good"}}));
  EXPECT_EQ(
      send_signed(*session(server), get_object(server), hasty_retry()).body,
      "good");
  expect_says(authorization_of(server.requests().at(0)), {"=KEY1/"});
  expect_says(authorization_of(server.requests().at(1)), {"=KEY2/"});
}

TEST_F(Renewal, HappensNoSecondTime) {
  const LoopbackServer server(in_turn({kExpired}));
  expect_says(
      message_of([&] {
        (void)send_signed(*session(server), get_object(server), hasty_retry());
      }),
      {"ExpiredTokenException", "have expired"});
  EXPECT_EQ(server.num_requests(), 2U);
}

}  // namespace
}  // namespace nadir::aws
