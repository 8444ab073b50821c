// Keys from the environment, from profiles, and from programs they name.
#include "aws/credentials_files.h"

#include <cstdio>

#include <gtest/gtest.h>

#include "aws/message.h"
#include "core/file.h"
#include "support/variables.h"

namespace nadir::aws {
namespace {

TEST(EnvironmentCredentials, AreThreeVariables) {
  const auto found = environment_credentials(environment_with(
      {{"AWS_ACCESS_KEY_ID", "A"},
       {"AWS_SECRET_ACCESS_KEY", "s"},
       {"AWS_SESSION_TOKEN", "t"},
       {"AWS_SECURITY_TOKEN", "old"},
       {"AWS_CREDENTIAL_EXPIRATION", "2026-11-26T05:00:00Z"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key_id, "A");
  EXPECT_EQ(found->secret_access_key, "s");
  EXPECT_EQ(found->session_token, "t");
  EXPECT_EQ(found->expires, parse_iso_time("2026-11-26T05:00:00Z"));
  EXPECT_EQ(found->source, "the environment");
}

TEST(EnvironmentCredentials, MayHaveTheTokenUnderItsOldName) {
  const auto found = environment_credentials(environment_with(
      {{"AWS_ACCESS_KEY_ID", "A"},
       {"AWS_SECRET_ACCESS_KEY", "s"},
       {"AWS_SECURITY_TOKEN", "old"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->session_token, "old");
}

TEST(EnvironmentCredentials, AreRefusedByHalves) {
  EXPECT_FALSE(environment_credentials(environment_with({})));
  EXPECT_FALSE(
      environment_credentials(environment_with({{"AWS_SESSION_TOKEN", "t"}})));
  expect_says(
      message_of([] {
        (void)environment_credentials(
            environment_with({{"AWS_ACCESS_KEY_ID", "A"}}));
      }),
      {"has AWS_ACCESS_KEY_ID but not AWS_SECRET_ACCESS_KEY"});
  const auto message = message_of([] {
    (void)environment_credentials(
        environment_with({{"AWS_SECRET_ACCESS_KEY", "hush"}}));
  });
  expect_says(message, {"has AWS_SECRET_ACCESS_KEY but not AWS_ACCESS_KEY_ID"});
  EXPECT_EQ(message.find("hush"), std::string::npos);
}

TEST(EnvironmentCredentials, NeedATimeAsTheirEnd) {
  expect_says(
      message_of([] {
        (void)environment_credentials(environment_with(
            {{"AWS_ACCESS_KEY_ID", "A"},
             {"AWS_SECRET_ACCESS_KEY", "s"},
             {"AWS_CREDENTIAL_EXPIRATION", "soon"}}));
      }),
      {"AWS_CREDENTIAL_EXPIRATION", "soon"});
}

TEST(StaticCredentials, AreAProfilesOwn) {
  const Profile profile{
      {"aws_access_key_id", "A"},
      {"aws_secret_access_key", "s"},
      {"aws_session_token", "t"}};
  const auto found = static_credentials(&profile, "profile 'x'");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key_id, "A");
  EXPECT_EQ(found->secret_access_key, "s");
  EXPECT_EQ(found->session_token, "t");
  EXPECT_EQ(found->source, "profile 'x'");
  EXPECT_FALSE(static_credentials(nullptr, "x"));
  const Profile other{{"region", "r"}};
  EXPECT_FALSE(static_credentials(&other, "x"));
  const Profile half{{"aws_secret_access_key", "hush"}};
  const auto message =
      message_of([&] { (void)static_credentials(&half, "profile 'x'"); });
  expect_says(message, {"profile 'x'", "aws_access_key_id"});
  EXPECT_EQ(message.find("hush"), std::string::npos);
}

class ProcessCredentials : public ::testing::Test {
 protected:
  // Of a profile whose credential_process is the command.
  [[nodiscard]] std::optional<Credentials> of(const std::string& command) {
    write_file(
        folder_.path() / ".aws/config",
        "[profile x]\ncredential_process = " + command + "\n");
    const ProfileFiles files(
        environment_with({{"HOME", folder_.path().string()}}));
    return process_credentials(files, "x");
  }

  TemporaryFolder folder_;
};

TEST_F(ProcessCredentials, AreWhatTheProgramPrints) {
  const auto found =
      of(R"(printf '{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s;#",)"
         R"("SessionToken":"t","Expiration":"2026-11-26T05:00:00Z"}')");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->access_key_id, "A");
  EXPECT_EQ(found->secret_access_key, "s;#");
  EXPECT_EQ(found->expires, parse_iso_time("2026-11-26T05:00:00Z"));
  EXPECT_EQ(found->source, "the credential_process of profile 'x'");
}

TEST_F(ProcessCredentials, AreNoneWithoutAProgram) {
  const ProfileFiles files(environment_with({}));
  EXPECT_FALSE(process_credentials(files, "x"));
}

TEST_F(ProcessCredentials, SayHowTheProgramEndedButNotItsWords) {
  for (const auto& [command, status] :
       std::vector<std::pair<std::string, const char*>>{
           {"exit 3 # --password hush", "status 3"},
           {"kill -9 $$ # hush", "status 137"},
           {"/no/such/hush 2>/dev/null", "status 127"}}) {
    const auto message = message_of([&] { (void)of(command); });
    expect_says(message, {"profile 'x'", status, "by hand"});
    EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  }
}

TEST_F(ProcessCredentials, DoNotShowGarbage) {
  for (const char* command :
       {"echo hush",
        "true",
        "echo '{\"AccessKeyId\": \"hush\"}'",
        "head -c 100000 /dev/zero"}) {
    const auto message = message_of([&] { (void)of(command); });
    expect_says(message, {"credential_process of profile 'x'"});
    EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace nadir::aws
