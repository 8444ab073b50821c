// AWS's files of profiles, as people and tools write them.
#include "aws/profile.h"

#include <gtest/gtest.h>

#include "aws/message.h"
#include "core/file.h"
#include "support/variables.h"

namespace nadir::aws {
namespace {

TEST(Profiles, HaveSectionsSettingsAndComments) {
  const auto profiles = parse_profiles(
      "# of the team\n"
      "[default]\n"
      "region = eu-central-1 # here\n"
      "; aws_access_key_id = NO\n"
      "\n"
      "[profile  wide]   \n"
      "Region=us-east-1\t; there\n"
      "role_arn = arn:aws:iam::1:role/a=b\n"
      "[ profile \"two words\" ]\n"
      "output = json;x\n",
      "config");
  EXPECT_EQ(profiles.size(), 3U);
  EXPECT_EQ(profiles.at("default"), (Profile{{"region", "eu-central-1"}}));
  EXPECT_EQ(
      profiles.at("profile wide"),
      (Profile{
          {"region", "us-east-1"}, {"role_arn", "arn:aws:iam::1:role/a=b"}}));
  EXPECT_EQ(profiles.at("profile two words"), (Profile{{"output", "json;x"}}));
}

TEST(Profiles, HaveSettingsBelowSettings) {
  const auto profiles = parse_profiles(
      "[profile x]\n"
      "s3 =\n"
      "  endpoint_url = http://a\n"
      "\tmax_queue_size = 5\n"
      "region = r\n"
      "  output = text\n"
      "[services y]\n"
      "sagemaker =\n"
      "  endpoint_url = http://b\n",
      "config");
  EXPECT_EQ(
      profiles.at("profile x"),
      (Profile{
          {"s3", ""},
          {"s3.endpoint_url", "http://a"},
          {"s3.max_queue_size", "5"},
          {"region", "r"},
          {"output", "text"}}));
  EXPECT_EQ(profiles.at("services y").at("sagemaker.endpoint_url"), "http://b");
}

TEST(Profiles, MayHaveWindowsLineEnds) {
  const auto profiles = parse_profiles(
      "[default]\r\naws_secret_access_key = a/b+c=\r\n\r\n", "credentials");
  EXPECT_EQ(
      profiles.at("default"), (Profile{{"aws_secret_access_key", "a/b+c="}}));
}

TEST(Profiles, LeaveTheTextOfCommandsAlone) {
  const auto profiles = parse_profiles(
      "[default]\ncredential_process = sh -c 'a #b ; c'\n", "config");
  EXPECT_EQ(
      profiles.at("default").at("credential_process"), "sh -c 'a #b ; c'");
}

TEST(Profiles, NameFileAndLineOfABrokenLineButNeverItsText) {
  for (const char* text :
       {"[default]\nregion = r\nhush hush\n",
        "\n\n[hush\n",
        "# one\n# two\nhush = hush\n"}) {
    const auto message =
        message_of([&] { (void)parse_profiles(text, "/a/credentials"); });
    expect_says(message, {"/a/credentials, line 3"});
    EXPECT_EQ(message.find("hush"), std::string::npos) << message;
  }
}

class ProfileFilesOf : public ::testing::Test {
 protected:
  [[nodiscard]] ProfileFiles files(
      const std::string& config, const std::string& credentials) const {
    write_file(folder_.path() / ".aws/config", config);
    write_file(folder_.path() / ".aws/credentials", credentials);
    return ProfileFiles(environment_with({{"HOME", folder_.path().string()}}));
  }

  TemporaryFolder folder_;
};

TEST_F(ProfileFilesOf, AHomeAreReadTogether) {
  const auto both = files(
      "[default]\nregion = a\n[profile x]\noutput = json\n[services s]\n",
      "[x]\nregion = b\naws_access_key_id = AKID\n[y]\n");
  EXPECT_EQ(both.setting("default", "region"), "a");
  EXPECT_EQ(both.setting("x", "region"), "b");
  EXPECT_EQ(both.setting("x", "output"), "json");
  EXPECT_EQ(both.setting("x", "role_arn"), std::nullopt);
  EXPECT_TRUE(both.has("y"));
  EXPECT_FALSE(both.has("s"));
  EXPECT_FALSE(both.has("z"));
  EXPECT_EQ(both.names(), "default, x, y");
}

TEST_F(ProfileFilesOf, TheConfigFileCountsFirst) {
  const auto both = files("[profile x]\nregion = a\n", "[x]\nregion = b\n");
  EXPECT_EQ(both.setting("x", "region"), "a");
}

TEST_F(ProfileFilesOf, AHomeMayCallTheDefaultAProfile) {
  EXPECT_EQ(
      files("[profile default]\nregion = a\n", "").setting("default", "region"),
      "a");
}

TEST_F(ProfileFilesOf, OtherPlacesAreFoundByTheirVariables) {
  write_file(folder_.path() / "c", "[profile x]\nregion = a\n");
  const ProfileFiles files(environment_with(
      {{"HOME", folder_.path().string()},
       {"AWS_CONFIG_FILE", "~/c"},
       {"AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials"}}));
  EXPECT_EQ(files.setting("x", "region"), "a");
  EXPECT_EQ(files.config_path(), folder_.path() / "c");
  EXPECT_EQ(files.credentials_path(), "/nowhere/credentials");
}

TEST(ProfileFiles, AreEmptyWhereThereAreNone) {
  const ProfileFiles files(environment_with({}));
  EXPECT_FALSE(files.has("default"));
  EXPECT_EQ(files.names(), "none");
}

TEST(ProfileFiles, KnowTheProfileThatIsAskedFor) {
  const auto both =
      environment_with({{"AWS_DEFAULT_PROFILE", "a"}, {"AWS_PROFILE", "b"}});
  EXPECT_EQ(ProfileFiles::name_of("c", both), "c");
  EXPECT_EQ(ProfileFiles::name_of("", both), "a");
  EXPECT_EQ(
      ProfileFiles::name_of("", environment_with({{"AWS_PROFILE", "b"}})), "b");
  EXPECT_EQ(ProfileFiles::name_of("", environment_with({})), "default");
}

}  // namespace
}  // namespace nadir::aws
