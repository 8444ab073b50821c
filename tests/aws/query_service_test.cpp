// STS and IAM by a server on this machine.
#include "aws/query_service.h"

#include <gtest/gtest.h>

#include "aws/loopback_session.h"
#include "aws/message.h"

namespace nadir::aws {
namespace {

TEST(CallerAccount, IsWhatStsSays) {
  const LoopbackServer server(in_turn(
      {{.body = "<GetCallerIdentityResponse><GetCallerIdentityResult>"
                "<Arn>a</Arn><Account>123456789012</Account>"
                "</GetCallerIdentityResult></GetCallerIdentityResponse>"}}));
  EXPECT_EQ(caller_account(*loopback_session(server)), "123456789012");
  const auto got = server.requests().at(0);
  EXPECT_EQ(got.body, "Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(got.header("content-type"), "application/x-www-form-urlencoded");
  expect_says(got.header("authorization"), {"/eu-central-1/sts/aws4_request"});
}

TEST(RoleArn, IsWhatIamSays) {
  const LoopbackServer server(in_turn(
      {{.body = "<GetRoleResponse><GetRoleResult><Role><Path>/</Path>"
                "<Arn>arn:aws:iam::1:role/r</Arn></Role></GetRoleResult>"
                "</GetRoleResponse>"}}));
  EXPECT_EQ(role_arn(*loopback_session(server), "r"), "arn:aws:iam::1:role/r");
  const auto got = server.requests().at(0);
  EXPECT_EQ(got.body, "Action=GetRole&RoleName=r&Version=2010-05-08");
  expect_says(got.header("authorization"), {"/us-east-1/iam/aws4_request"});
}

TEST(RoleArn, IsNotAskedForWhereItIsGiven) {
  const LoopbackServer server(in_turn({{.status = 500}}));
  const auto session = loopback_session(server);
  EXPECT_EQ(
      role_arn(*session, "arn:aws:iam::1:role/r"), "arn:aws:iam::1:role/r");
  EXPECT_EQ(server.num_requests(), 0U);
}

TEST(CallerAccount, IsNotFoundInAPage) {
  const LoopbackServer server(in_turn({{.body = "<html>hello</html>"}}));
  expect_says(
      message_of([&] { (void)caller_account(*loopback_session(server)); }),
      {"STS GetCallerIdentity", "Account"});
}

TEST(CallerAccount, IsRefusedInTheServicesWords) {
  const LoopbackServer server(in_turn(
      {{.status = 403,
        .body = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code>"
                "<Message>The security token is invalid.</Message></Error>"
                "</ErrorResponse>"}}));
  expect_says(
      message_of([&] { (void)caller_account(*loopback_session(server)); }),
      {"InvalidClientTokenId", "token is invalid", "AWS_ACCESS_KEY_ID"});
}

}  // namespace
}  // namespace nadir::aws
