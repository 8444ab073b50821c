// Keys from containers' agents, instances' metadata and STS, by servers of the
// test's own.
#include "aws/credentials_hosts.h"

#include <gtest/gtest.h>

#include "aws/message.h"
#include "core/file.h"
#include "support/loopback_server.h"
#include "support/variables.h"

namespace nadir::aws {
namespace {

const char* const kKeys =
    R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t",)"
    R"("Expiration":"2026-11-26T05:00:00Z"})";

// The agent of a container.
class ContainerCredentials : public ::testing::Test {
 protected:
  [[nodiscard]] static std::optional<Credentials> found(
      const std::string& address, Variables more = {}) {
    more["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = address;
    return container_credentials(environment_with(std::move(more)));
  }

  TemporaryFolder folder_;
  LoopbackServer server_{in_turn({{.body = kKeys}})};
};

TEST_F(ContainerCredentials, AreNoneWithoutItsVariables) {
  EXPECT_FALSE(container_credentials(environment_with({})));
}

TEST_F(ContainerCredentials, AreAskedForAtTheFullUri) {
  const auto keys = found(server_.url() + "/role/x/?a=1&b=2%203");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->access_key_id, "A");
  EXPECT_EQ(keys->session_token, "t");
  EXPECT_TRUE(keys->expires);
  expect_says(keys->source, {"container", "/role/x/"});
  const auto request = server_.requests().at(0);
  EXPECT_EQ(request.target, "/role/x/?a=1&b=2%203");
  EXPECT_EQ(request.header("authorization"), "");
}

TEST_F(ContainerCredentials, AreAskedForWithTheTokenOfTheFileFirst) {
  write_file(folder_.path() / "token", "from the file\r\n");
  ASSERT_TRUE(found(
      server_.url(),
      {{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        (folder_.path() / "token").string()},
       {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "other"}}));
  ASSERT_TRUE(
      found(server_.url(), {{"AWS_CONTAINER_AUTHORIZATION_TOKEN", "plain"}}));
  EXPECT_EQ(server_.requests().at(0).header("authorization"), "from the file");
  EXPECT_EQ(server_.requests().at(1).header("authorization"), "plain");
}

TEST_F(ContainerCredentials, AreNotAskedForWithATokenOfTwoLines) {
  const auto message = message_of([&] {
    (void)found(
        server_.url(), {{"AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush\r\nx: y"}});
  });
  expect_says(message, {"token", "line break"});
  EXPECT_EQ(message.find("hush"), std::string::npos);
  expect_says(
      message_of([&] {
        (void)found(
            server_.url(),
            {{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/no/token"}});
      }),
      {"/no/token"});
  EXPECT_EQ(server_.num_requests(), 0U);
}

TEST_F(ContainerCredentials, AreNotAskedForInTheClearElsewhere) {
  for (const char* address :
       {"http://example.com/x",
        "http://127.example.com/x",
        "http://169.254.170.2.example.com",
        "http://169.254.170.3",
        "http://[fd00:ec2::24]/"}) {
    expect_says(
        message_of([&] { (void)found(address); }),
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", address, "plain http"});
  }
}

TEST_F(ContainerCredentials, NeedAnAddress) {
  expect_says(
      message_of([] { (void)found("127.0.0.1/x"); }),
      {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "127.0.0.1/x"});
  for (const char* relative : {"@example.com/x", ".example.com/", "x"}) {
    expect_says(
        message_of([&] {
          (void)container_credentials(environment_with(
              {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", relative}}));
        }),
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", relative, "slash"});
  }
}

TEST_F(ContainerCredentials, AreAskedForAgainWhereTheAgentIsBusy) {
  const LoopbackServer busy(in_turn(
      {{.status = 500},
       {.hangs_up = true},
       {.body = kKeys}}));
  EXPECT_TRUE(found(busy.url()));
  EXPECT_EQ(busy.num_requests(), 3U);
}

TEST_F(ContainerCredentials, AreAnErrorWhereTheAgentRefuses) {
  const LoopbackServer strict(in_turn({{.status = 403, .body = "hush"}}));
  const auto message = message_of([&] { (void)found(strict.url() + "/x"); });
  expect_says(message, {"container", "/x", "403"});
  EXPECT_EQ(message.find("hush"), std::string::npos);
  EXPECT_EQ(strict.num_requests(), 1U);
}

// The metadata service of an instance: the status of its token, and what it has
// besides.
class InstanceCredentials : public ::testing::Test {
 protected:
  [[nodiscard]] ServedAnswer answer(const ServedRequest& request) const {
    if (request.target == "/latest/api/token") {
      EXPECT_EQ(request.method, "PUT");
      EXPECT_EQ(
          request.header("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
      return {.status = token_status_, .body = "TOKEN"};
    }
    if (token_status_ == 200 &&
        request.header("x-aws-ec2-metadata-token") != "TOKEN") {
      return {.status = 401};
    }
    const std::string path = "/latest/meta-data/iam/security-credentials/";
    if (request.target == path) {
      return {.body = "the role\n"};
    }
    if (request.target == path + "the%20role") {
      return {.body = kKeys};
    }
    if (request.target == "/latest/meta-data/placement/region") {
      return {.body = "eu-west-3\n"};
    }
    return {.status = 404};
  }

  [[nodiscard]] Environment environment(Variables more = {}) const {
    more["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server_.url() + "/";
    return environment_with(std::move(more));
  }

  int token_status_ = 200;
  LoopbackServer server_{
      [this](const ServedRequest& request) { return answer(request); }};
};

TEST_F(InstanceCredentials, AreThoseOfItsRoleByVersionTwo) {
  const auto keys = instance_credentials(environment());
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->access_key_id, "A");
  EXPECT_EQ(keys->source, "the instance's role the role");
  EXPECT_EQ(instance_region(environment()), "eu-west-3");
}

TEST_F(InstanceCredentials, AreThoseOfItsRoleByVersionOne) {
  for (const int status : {403, 404, 405}) {
    token_status_ = status;
    EXPECT_TRUE(instance_credentials(environment())) << status;
  }
  EXPECT_EQ(instance_region(environment()), "eu-west-3");
}

TEST_F(InstanceCredentials, AreNoneWhereVersionOneIsDisabled) {
  token_status_ = 404;
  EXPECT_FALSE(instance_credentials(
      environment({{"AWS_EC2_METADATA_V1_DISABLED", "true"}})));
  token_status_ = 200;
  EXPECT_TRUE(instance_credentials(
      environment({{"AWS_EC2_METADATA_V1_DISABLED", "true"}})));
}

TEST_F(InstanceCredentials, AreNotAskedForWhereDisabled) {
  EXPECT_FALSE(instance_credentials(
      environment({{"AWS_EC2_METADATA_DISABLED", "true"}})));
  EXPECT_FALSE(
      instance_region(environment({{"AWS_EC2_METADATA_DISABLED", "true"}})));
  EXPECT_EQ(server_.num_requests(), 0U);
}

TEST(InstanceWithoutRole, HasNoCredentials) {
  const LoopbackServer server(
      in_turn({{.body = "TOKEN"}, {.status = 404, .body = "no"}}));
  EXPECT_FALSE(instance_credentials(
      environment_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url()}})));
}

TEST(NoInstance, HasNoCredentials) {
  std::string address;
  {
    const LoopbackServer server(in_turn({{}}));
    address = server.url();
  }
  EXPECT_FALSE(instance_credentials(
      environment_with({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", address}})));
}

std::string sts_answer(const char* action) {
  return fmt::format(
      "<{0}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<{0}Result><Credentials><AccessKeyId>ASIA</AccessKeyId>"
      "<SecretAccessKey>s2</SecretAccessKey><SessionToken>t2</SessionToken>"
      "<Expiration>2026-11-26T06:00:00Z</Expiration></Credentials>"
      "</{0}Result></{0}Response>",
      action);
}

class RoleCredentials : public ::testing::Test {
 protected:
  RoleCredentials() {
    role_.role_arn = "arn:aws:iam::1:role/r";
    role_.source = "the role of profile 'x'";
    by_.access_key_id = "AKID";
    by_.secret_access_key = "hush-key";
    by_.session_token = "hush-token";
    write_file(folder_.path() / "jwt", "hush.jwt\n");
  }

  [[nodiscard]] Credentials assumed(const LoopbackServer& sts) const {
    return assumed_credentials(
        parse_endpoint(sts.url(), "x"), "eu-west-1", http_, role_, by_);
  }

  [[nodiscard]] Credentials web(const LoopbackServer& sts) const {
    return web_identity_credentials(
        parse_endpoint(sts.url(), "x"),
        http_,
        role_,
        (folder_.path() / "jwt").string());
  }

  TemporaryFolder folder_;
  HttpClient http_;
  AssumedRole role_;
  Credentials by_;
};

TEST_F(RoleCredentials, AreTakenOnBySignedRequest) {
  const LoopbackServer sts(in_turn({{.body = sts_answer("AssumeRole")}}));
  role_.external_id = "e f";
  role_.duration_s = "900";
  const auto keys = assumed(sts);
  EXPECT_EQ(keys.access_key_id, "ASIA");
  EXPECT_EQ(keys.secret_access_key, "s2");
  EXPECT_EQ(keys.session_token, "t2");
  EXPECT_EQ(keys.expires, parse_iso_time("2026-11-26T06:00:00Z"));
  EXPECT_EQ(keys.source, "the role of profile 'x'");
  const auto request = sts.requests().at(0);
  EXPECT_EQ(
      request.body,
      "Action=AssumeRole&DurationSeconds=900&ExternalId=e%20f&"
      "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=nadir&"
      "Version=2011-06-15");
  expect_says(
      request.header("authorization"),
      {"Credential=AKID/", "/eu-west-1/sts/aws4_request"});
  EXPECT_EQ(request.header("x-amz-security-token"), "hush-token");
}

TEST_F(RoleCredentials, AreTakenOnByAWebIdentityUnsigned) {
  const LoopbackServer sts(
      in_turn({{.body = sts_answer("AssumeRoleWithWebIdentity")}}));
  EXPECT_EQ(web(sts).access_key_id, "ASIA");
  const auto request = sts.requests().at(0);
  EXPECT_EQ(request.header("authorization"), "");
  expect_says(
      request.body,
      {"Action=AssumeRoleWithWebIdentity&", "WebIdentityToken=hush.jwt"});
  EXPECT_EQ(request.body.find("%0A"), std::string::npos);
}

TEST_F(RoleCredentials, AreAskedForAgainWhereStsIsBusy) {
  const LoopbackServer sts(in_turn(
      {{.status = 503},
       {.hangs_up = true},
       {.body = sts_answer("AssumeRole")}}));
  EXPECT_EQ(assumed(sts).access_key_id, "ASIA");
}

TEST_F(RoleCredentials, SayWhatStsRefusedWithoutSecrets) {
  const LoopbackServer sts(in_turn(
      {{.status = 403,
        .body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no, "
                "hush-token hush-key hush.jwt</Message></Error>"
                "</ErrorResponse>"}}));
  for (const auto& message :
       {message_of([&] { (void)assumed(sts); }),
        message_of([&] { (void)web(sts); })}) {
    expect_says(message, {"the role of profile 'x'", "AccessDenied", "no, "});
  }
  EXPECT_EQ(
      message_of([&] { (void)assumed(sts); }).find("hush-"), std::string::npos);
  EXPECT_EQ(
      message_of([&] { (void)web(sts); }).find("hush.jwt"), std::string::npos);
}

TEST_F(RoleCredentials, AreNotFoundInAPage) {
  const LoopbackServer sts(in_turn({{.body = "<html>hello</html>"}}));
  expect_says(
      message_of([&] { (void)assumed(sts); }),
      {"the role of profile 'x'", "no credentials", sts.url().c_str()});
}

}  // namespace
}  // namespace nadir::aws
