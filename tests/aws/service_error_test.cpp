// What services, and whoever stands before them, answer instead of a result.
#include "aws/service_error.h"

#include <gtest/gtest.h>

#include "aws/message.h"
#include "aws/retry.h"

namespace nadir::aws {
namespace {

HttpResponse response_of(
    long status,
    std::string body,
    std::map<std::string, std::string> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::move(body);
  return response;
}

TEST(Refusal, IsReadFromAllThatServicesSend) {
  struct Case {
    HttpResponse response;
    const char* code;
    const char* message;
  };

  const Case cases[] = {
      {response_of(400, R"({"__type":"ValidationException","message":"m"})"),
       "ValidationException",
       "m"},
      {response_of(
           400, R"({"__type":"a.b#ResourceInUse:http://c","Message":"m"})"),
       "ResourceInUse",
       "m"},
      {response_of(
           400,
           R"({"message":"m","Message":"other"})",
           {{"x-amzn-errortype", "ModelError:http://x"}}),
       "ModelError",
       "m"},
      {response_of(400, R"({"code":"Coded","message":null})"), "Coded", ""},
      {response_of(400, "", {{"x-amzn-errortype", "ResourceNotFound"}}),
       "ResourceNotFound",
       ""},
      {response_of(
           403,
           "<?xml version=\"1.0\"?><ErrorResponse><Error><Type>Sender"
           "</Type><Code>InvalidClientTokenId</Code><Message>a &amp; b"
           "</Message></Error></ErrorResponse>"),
       "InvalidClientTokenId",
       "a & b"},
      {response_of(
           404,
           "<Error><Code>NoSuchKey</Code><Message>m</Message>"
           "<Key>k</Key></Error>"),
       "NoSuchKey",
       "m"},
      {response_of(502, "<html><body>Bad <b>Gateway</html>"), "", ""},
      {response_of(500, "[1]"), "", ""},
      {response_of(500, "{\"__type\":5}"), "", ""},
      {response_of(404, ""), "", ""}};
  for (const auto& one : cases) {
    const auto refusal = parse_refusal(one.response);
    EXPECT_EQ(refusal.status, one.response.status);
    EXPECT_EQ(refusal.code, one.code) << one.response.body;
    EXPECT_EQ(refusal.message, one.message) << one.response.body;
  }
}

TEST(Refusal, NamesTheBucketsRegionWhereThatIsTheReason) {
  const std::map<std::string, std::string> region{
      {"x-amz-bucket-region", "eu-west-1"}};
  EXPECT_EQ(parse_refusal(response_of(301, "", region)).region, "eu-west-1");
  EXPECT_EQ(parse_refusal(response_of(400, "", region)).region, "eu-west-1");
  EXPECT_EQ(parse_refusal(response_of(404, "", region)).region, "");
  EXPECT_EQ(
      parse_refusal(response_of(
                        400,
                        "<Error><Code>AuthorizationHeaderMalformed</Code>"
                        "<Region>eu-west-3</Region></Error>"))
          .region,
      "eu-west-3");
}

std::string advice_on(
    long status, const char* code, ErrorCode* kind = nullptr) {
  Refusal refusal;
  refusal.status = status;
  refusal.code = code;
  refusal.message = "the service's words";
  try {
    fail_refused("SageMaker CreateModel", refusal);
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.http_status(), status);
    EXPECT_EQ(error.service_code(), code);
    EXPECT_EQ(error.service_message(), "the service's words");
    if (kind != nullptr) {
      *kind = error.code();
    }
    return error.what();
  }
}

TEST(FailRefused, SaysCallCodeWordsAndWhatToDo) {
  const std::pair<const char*, const char*> advices[] = {
      {"ExpiredTokenException", "aws sso login"},
      {"UnrecognizedClientException", "AWS_ACCESS_KEY_ID"},
      {"SignatureDoesNotMatch", "clock"},
      {"RequestTimeTooSkewed", "clock"},
      {"AccessDeniedException", "docs/sagemaker.md"},
      {"NoSuchBucket", "aws s3 mb"},
      {"PermanentRedirect", "--region"}};
  for (const auto& [code, advice] : advices) {
    expect_says(
        advice_on(400, code),
        {"SageMaker CreateModel: ", code, "the service's words", advice});
  }
}

TEST(FailRefused, TellsTheUsersFaultFromTheServices) {
  ErrorCode kind{};
  (void)advice_on(400, "ValidationException", &kind);
  EXPECT_EQ(kind, ErrorCode::kInvalidArgument);
  (void)advice_on(500, "InternalFailure", &kind);
  EXPECT_EQ(kind, ErrorCode::kIo);
  (void)advice_on(404, "NoSuchKey", &kind);
  EXPECT_EQ(kind, ErrorCode::kNotFound);
  expect_says(advice_on(502, ""), {"HTTP status 502"});
}

TEST(HideSecrets, ReplacesEachWhereverItStands) {
  Refusal refusal;
  refusal.message = "hush a hush, hushhush b=*";
  hide_secrets(refusal, {"hush", "", "*"});
  EXPECT_EQ(refusal.message.find("hush"), std::string::npos);
  refusal.message = "x-amz-security-token:abc/+=\n";
  hide_secrets(refusal, {"abc/+="});
  EXPECT_EQ(refusal.message, "x-amz-security-token:***\n");
}

TEST(Retry, KnowsWhatMayPass) {
  EXPECT_TRUE(is_worth_retrying(429, ""));
  EXPECT_TRUE(is_worth_retrying(500, ""));
  EXPECT_TRUE(is_worth_retrying(503, "SlowDown"));
  EXPECT_TRUE(is_worth_retrying(400, "ThrottlingException"));
  EXPECT_TRUE(is_worth_retrying(400, "RequestTimeout"));
  EXPECT_FALSE(is_worth_retrying(501, ""));
  EXPECT_FALSE(is_worth_retrying(400, "ValidationException"));
  EXPECT_FALSE(is_worth_retrying(400, "ResourceLimitExceeded"));
  EXPECT_FALSE(is_worth_retrying(404, ""));
  EXPECT_FALSE(is_worth_retrying(301, ""));
}

TEST(Retry, WaitsLongerAndLongerButNotForEver) {
  RetryPolicy policy;
  policy.first_wait = std::chrono::milliseconds(100);
  policy.longest_wait = std::chrono::milliseconds(1000);
  std::chrono::milliseconds longest{0};
  for (int i = 0; i < 200; ++i) {
    EXPECT_LE(retry_wait(policy, 1).count(), 100);
    EXPECT_LE(retry_wait(policy, 3).count(), 400);
    longest = std::max(longest, retry_wait(policy, 1000));
  }
  EXPECT_GT(longest.count(), 800);
  EXPECT_LE(longest.count(), 1000);
  using std::chrono::seconds;
  EXPECT_GE(retry_wait(policy, 1, std::chrono::milliseconds(700)).count(), 700);
  EXPECT_EQ(retry_wait(policy, 1, seconds(60)).count(), 1000);
  EXPECT_GE(retry_wait(policy, 1, seconds(-60)).count(), 0);
}

}  // namespace
}  // namespace nadir::aws
