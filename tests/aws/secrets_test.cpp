// No secret is in a log or a message, with everything logged, whatever the
// service repeats of what it was sent.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "aws/json_service.h"
#include "aws/loopback_session.h"
#include "aws/message.h"
#include "core/json.h"
#include "core/log.h"

namespace nadir::aws {
namespace {

class Secrets : public ::testing::Test {
 protected:
  Secrets() { set_log_level(LogLevel::kDebug); }

  ~Secrets() override { set_log_level(LogLevel::kInfo); }

  // Everything a failed call shows: log lines and message.
  static std::string shown_by(const LoopbackServer& server) {
    ::testing::internal::CaptureStderr();
    const auto message = message_of([&] {
      (void)JsonService(
          loopback_session(server), Service::kSageMaker, hasty_retry())
          .call("ListTrainingJobs", nlohmann::json::object());
    });
    return ::testing::internal::GetCapturedStderr() + message;
  }

  static void expect_no_secret(const std::string& text) {
    EXPECT_EQ(text.find(kSecretKey), std::string::npos) << text;
    EXPECT_EQ(text.find(kSecretToken), std::string::npos) << text;
  }
};

TEST_F(Secrets, AreNotShownWhereTheServiceRepeatsThem) {
  // As AWS does for a wrong signature: the canonical string has the token.
  const LoopbackServer server([](const ServedRequest& request) {
    std::string said = "The Canonical String for this request should have been";
    for (const auto& [name, value] : request.headers) {
      said += "\n" + name + ":" + value;
    }
    return ServedAnswer{
        .status = 403,
        .body = json_text(nlohmann::json{
            {"__type", "InvalidSignatureException"},
            {"message", said + " " + kSecretKey}})};
  });
  const auto text = shown_by(server);
  expect_says(text, {"InvalidSignatureException", "x-amz-security-token:***"});
  expect_no_secret(text);
}

TEST_F(Secrets, AreNotLoggedWhereCallsAreTriedAgain) {
  const LoopbackServer server(in_turn(
      {{.status = 500, .body = kSecretToken},
       {.hangs_up = true},
       {.status = 200, .body = kSecretKey}}));
  const auto text = shown_by(server);
  expect_says(text, {"SageMaker ListTrainingJobs: 500", "trying again"});
  expect_no_secret(text);
}

TEST_F(Secrets, AreNotInTheRequestsAddressOrBody) {
  const LoopbackServer server(in_turn({{.status = 400}}));
  (void)shown_by(server);
  const auto got = server.requests().at(0);
  expect_no_secret(got.target + got.body);
  for (const auto& [name, value] : got.headers) {
    EXPECT_EQ(value.find(kSecretKey), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace nadir::aws
