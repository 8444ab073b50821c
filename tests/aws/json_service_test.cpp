// JSON 1.1 to a server on this machine.
#include "aws/json_service.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "aws/loopback_session.h"
#include "aws/message.h"

namespace nadir::aws {
namespace {

nlohmann::json ask(
    const LoopbackServer& server, Service service = Service::kSageMaker) {
  return JsonService(loopback_session(server), service, hasty_retry())
      .call("DescribeTrainingJob", {{"TrainingJobName", "a \xC3\xA4"}});
}

TEST(JsonService, SendsOperationTypeAndSignature) {
  const LoopbackServer server(in_turn({{.body = R"({"A":[1,2]})"}}));
  EXPECT_EQ(ask(server)["A"][1], 2);
  const auto got = server.requests().at(0);
  EXPECT_EQ(got.method, "POST");
  EXPECT_EQ(got.target, "/");
  EXPECT_EQ(got.header("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(got.header("x-amz-target"), "SageMaker.DescribeTrainingJob");
  EXPECT_EQ(got.header("x-amz-security-token"), kSecretToken);
  EXPECT_EQ(got.header("x-amz-content-sha256"), "");
  EXPECT_EQ(got.body, "{\"TrainingJobName\":\"a \xC3\xA4\"}");
  expect_says(
      got.header("authorization"),
      {"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/",
       "/eu-central-1/sagemaker/aws4_request",
       "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;"
       "x-amz-target, Signature="});
}

TEST(JsonService, SpeaksToTheLogsToo) {
  const LoopbackServer server(in_turn({{.body = "{}"}}));
  (void)ask(server, Service::kLogs);
  const auto got = server.requests().at(0);
  EXPECT_EQ(got.header("x-amz-target"), "Logs_20140328.DescribeTrainingJob");
  expect_says(got.header("authorization"), {"/logs/aws4_request"});
}

TEST(JsonService, TakesAnEmptyAnswer) {
  const LoopbackServer server(in_turn({{}}));
  EXPECT_TRUE(ask(server).is_null());
}

TEST(JsonService, GivesTheServicesRefusal) {
  const LoopbackServer server(in_turn(
      {{.status = 400,
        .body =
            R"({"__type":"a#ResourceInUse:http://b","message":"there"})"}}));
  try {
    (void)ask(server);
    FAIL() << "no error";
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.service_code(), "ResourceInUse");
    EXPECT_EQ(error.service_message(), "there");
    EXPECT_EQ(error.http_status(), 400);
    expect_says(
        error.what(), {"SageMaker DescribeTrainingJob: ResourceInUse: there"});
  }
  EXPECT_EQ(server.num_requests(), 1U);
}

// A proxy's page, or another service's XML: moto's to an unsigned call.
TEST(JsonService, SaysThatAPageIsNoAnswer) {
  for (const char* body : {"<html>sign in</html>", "<R/>", "[1]", "5", "{"}) {
    const LoopbackServer server(in_turn({{.body = body}}));
    expect_says(
        message_of([&] { (void)ask(server); }),
        {"SageMaker DescribeTrainingJob",
         "no JSON object",
         server.url().c_str()});
  }
}

TEST(JsonService, SaysTheStatusOfAPage) {
  const LoopbackServer server(
      in_turn({{.status = 403, .body = "<html>Forbidden</html>"}}));
  expect_says(
      message_of([&] { (void)ask(server); }),
      {"SageMaker DescribeTrainingJob: HTTP status 403"});
}

TEST(JsonService, TriesAgainAfterABrokenAnswer) {
  const LoopbackServer server(in_turn(
      {{.status = 500, .body = "<html>"},
       {.body = "{\"A\": "},
       {.body = "{}"}}));
  EXPECT_TRUE(ask(server).empty());
  EXPECT_EQ(server.num_requests(), 3U);
}

}  // namespace
}  // namespace nadir::aws
