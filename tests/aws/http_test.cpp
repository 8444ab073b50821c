// Requests over libcurl to a server that fails on purpose.
#include "aws/http.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "aws/message.h"
#include "support/loopback_server.h"

namespace nadir::aws {
namespace {


HttpRequest request_to(const LoopbackServer& server) {
  HttpRequest request;
  request.endpoint = parse_endpoint(server.url(), "x");
  return request;
}

TEST(HttpClient, SendsWhatTheRequestHasAndNothingElse) {
  const LoopbackServer server(
      in_turn({{.body = "answer", .headers = {{"X-A", " b "}}}}));
  auto request = request_to(server);
  request.method = "POST";
  request.path = "/a//b/../%2Bc";
  request.query = {{"uploads", ""}, {"k", "a b"}};
  request.headers = {{"x-one", "1"}, {"x-blank", ""}};
  request.body = std::string("a\0b", 3);
  const auto response = HttpClient().send(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "answer");
  EXPECT_EQ(response.header("x-a"), "b");
  const auto got = server.requests().at(0);
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.target, "/a//b/../%2Bc?k=a%20b&uploads=");
  EXPECT_EQ(got.body, request.body);
  std::map<std::string, std::string> headers = got.headers;
  headers.erase("user-agent");
  EXPECT_EQ(
      headers,
      (std::map<std::string, std::string>{
          {"host", server.host()},
          {"x-one", "1"},
          {"x-blank", ""},
          {"content-length", "3"}}));
}

TEST(HttpClient, KnowsTheMethodsOfTheServices) {
  const LoopbackServer server(in_turn({{.body = "abc"}}));
  const HttpClient client;
  for (const char* method : {"GET", "HEAD", "PUT", "POST", "DELETE"}) {
    auto request = request_to(server);
    request.method = method;
    const auto response = client.send(request);
    EXPECT_EQ(response.status, 200) << method;
    EXPECT_EQ(server.requests().back().method, method);
  }
}

TEST(HttpClient, SendsABodyOfTheCallersWithoutItsOwn) {
  const LoopbackServer server(in_turn({{}}));
  auto request = request_to(server);
  request.method = "PUT";
  request.body = "own";
  const std::string body(700'000, 'x');
  EXPECT_EQ(HttpClient().send(request, {}, body).status, 200);
  EXPECT_EQ(server.requests().at(0).body, body);
}

TEST(HttpClient, GivesABodyToTheSinkButNotThatOfAnError) {
  const LoopbackServer server(
      in_turn({{.body = "good"}, {.status = 404, .body = "bad"}}));
  std::string taken;
  const BodySink sink = [&](std::string_view bytes) {
    taken += bytes;
    return true;
  };
  const HttpClient client;
  EXPECT_EQ(client.send(request_to(server), sink).body, "");
  EXPECT_EQ(client.send(request_to(server), sink).body, "bad");
  EXPECT_EQ(taken, "good");
}

TEST(HttpClient, PassesOnWhatTheSinkThrows) {
  const LoopbackServer server(in_turn({{.body = "good"}}));
  const BodySink sink = [](std::string_view) -> bool {
    throw std::out_of_range("full");
  };
  EXPECT_THROW(
      (void)HttpClient().send(request_to(server), sink), std::out_of_range);
  const BodySink refuses = [](std::string_view) { return false; };
  EXPECT_THROW(
      (void)HttpClient().send(request_to(server), refuses), HttpFailure);
}

TEST(HttpClient, FailsWhereNoWholeAnswerComes) {
  const LoopbackServer server(in_turn(
      {{.hangs_up = true},
       {.body = "cut off", .max_body_bytes = 3},
       {.body = "whole"}}));
  const HttpClient client;
  EXPECT_THROW((void)client.send(request_to(server)), HttpFailure);
  EXPECT_THROW((void)client.send(request_to(server)), HttpFailure);
  EXPECT_EQ(client.send(request_to(server)).body, "whole");
}

TEST(HttpClient, FailsWhereNobodyListens) {
  HttpRequest request;
  {
    const LoopbackServer server(in_turn({{}}));
    request = request_to(server);
  }
  EXPECT_THROW((void)HttpClient().send(request), HttpFailure);
}

TEST(HttpClient, GivesUpInTime) {
  const LoopbackServer server([](const ServedRequest&) -> ServedAnswer {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    return {};
  });
  HttpOptions options;
  options.total_timeout = std::chrono::milliseconds(50);
  EXPECT_THROW((void)HttpClient(options).send(request_to(server)), HttpFailure);
}

TEST(HttpClient, DoesNotFollowRedirects) {
  const LoopbackServer elsewhere(in_turn({{}}));
  const LoopbackServer server(
      in_turn({{.status = 307, .headers = {{"Location", elsewhere.url()}}}}));
  EXPECT_EQ(HttpClient().send(request_to(server)).status, 307);
  EXPECT_EQ(elsewhere.num_requests(), 0U);
}

// A key with a line break would become a header of its own.
TEST(HttpClient, SendsNoHeaderWithALineBreakAndDoesNotShowIt) {
  const LoopbackServer server(in_turn({{}}));
  for (const std::string& value :
       {std::string("hush\r\nx-evil: 1"),
        std::string("hush\n"),
        std::string("hush\0", 5)}) {
    auto request = request_to(server);
    request.headers = {{"authorization", value}};
    const auto message = message_of([&] { (void)HttpClient().send(request); });
    expect_says(message, {"authorization", "line break"});
    EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  }
  EXPECT_EQ(server.num_requests(), 0U);
}

TEST(HttpClient, ServesThreadsAtTheSameTime) {
  const LoopbackServer server([](const ServedRequest& request) {
    return ServedAnswer{.body = request.target};
  });
  const HttpClient client;
  std::atomic<int> num_right = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 10; ++i) {
        auto request = request_to(server);
        request.path = "/" + std::to_string(thread * 100 + i);
        num_right += client.send(request).body == request.path;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(num_right, 40);
}

}  // namespace
}  // namespace nadir::aws
