// Where a session finds keys, region and addresses, and in which order.
#include "aws/session.h"

#include <gtest/gtest.h>

#include "aws/message.h"
#include "core/file.h"
#include "support/loopback_server.h"
#include "support/variables.h"

namespace nadir::aws {
namespace {

// A home folder with profiles, and an environment.
class SessionOf : public ::testing::Test {
 protected:
  SessionOf() {
    variables_ = {
        {"HOME", folder_.path().string()},
        {"AWS_EC2_METADATA_DISABLED", "true"}};
  }

  void write_config(const std::string& text) const {
    write_file(folder_.path() / ".aws/config", text);
  }

  void write_credentials(const std::string& text) const {
    write_file(folder_.path() / ".aws/credentials", text);
  }

  [[nodiscard]] std::unique_ptr<Session> session() const {
    return std::make_unique<Session>(options_, environment_with(variables_));
  }

  [[nodiscard]] std::string region() const { return session()->region(); }

  [[nodiscard]] std::string address(Service service) const {
    return session()->endpoint(service).text();
  }

  [[nodiscard]] Credentials keys() const { return session()->credentials(); }

  [[nodiscard]] std::string refusal() const {
    return message_of([&] { (void)session()->credentials(); });
  }

  TemporaryFolder folder_;
  Variables variables_;
  SessionOptions options_;
};

using SessionRegion = SessionOf;

TEST_F(SessionRegion, IsFoundInItsOrder) {
  // From the last place to the first.
  const LoopbackServer instance([](const ServedRequest& request) {
    return ServedAnswer{
        .body = request.target == "/latest/api/token" ? "T" : "me-south-1\n"};
  });
  variables_["AWS_EC2_METADATA_DISABLED"] = "";
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = instance.url();
  EXPECT_EQ(region(), "me-south-1");
  variables_["TRAINING_JOB_ARN"] =
      "arn:aws:sagemaker:sa-east-1:123456789012:training-job/x";
  EXPECT_EQ(region(), "sa-east-1");
  write_credentials("[default]\nregion = ca-west-1\n");
  EXPECT_EQ(region(), "ca-west-1");
  write_config("[default]\nregion = ap-east-1\n[profile x]\nregion = x-1\n");
  EXPECT_EQ(region(), "ap-east-1");
  variables_["AWS_DEFAULT_REGION"] = "us-west-2";
  EXPECT_EQ(region(), "us-west-2");
  variables_["AWS_REGION"] = "us-west-1";
  EXPECT_EQ(region(), "us-west-1");
  options_.region = "eu-north-1";
  EXPECT_EQ(region(), "eu-north-1");
}

TEST_F(SessionRegion, SaysWhereToGiveItWhereThereIsNone) {
  expect_says(
      message_of([&] { (void)region(); }),
      {"--region", "AWS_REGION", "profile 'default'"});
  EXPECT_EQ(session()->region_or("us-east-1"), "us-east-1");
}

TEST_F(SessionRegion, IsNoPartOfAnAddress) {
  for (const char* text :
       {"eu-central-1.example.com", "x/y", "EU-central-1", "a b", "a\n"}) {
    options_.region = text;
    expect_says(message_of([&] { (void)region(); }), {text, "eu-central-1"});
  }
}

using SessionEndpoint = SessionOf;

TEST_F(SessionEndpoint, IsAwsOwnInTheRegion) {
  options_.region = "eu-central-1";
  EXPECT_EQ(
      address(Service::kSageMaker),
      "https://api.sagemaker.eu-central-1.amazonaws.com");
  EXPECT_EQ(
      address(Service::kSageMakerRuntime),
      "https://runtime.sagemaker.eu-central-1.amazonaws.com");
  EXPECT_EQ(address(Service::kLogs), "https://logs.eu-central-1.amazonaws.com");
  EXPECT_EQ(address(Service::kS3), "https://s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(address(Service::kSts), "https://sts.eu-central-1.amazonaws.com");
  EXPECT_EQ(address(Service::kIam), "https://iam.amazonaws.com");
  EXPECT_TRUE(session()->is_aws_endpoint(Service::kS3));
  EXPECT_EQ(session()->signing_region(Service::kIam), "us-east-1");
  EXPECT_EQ(session()->signing_region(Service::kLogs), "eu-central-1");
}

TEST_F(SessionEndpoint, IsOfItsOwnDomainInChina) {
  options_.region = "cn-northwest-1";
  EXPECT_EQ(
      address(Service::kSageMaker),
      "https://api.sagemaker.cn-northwest-1.amazonaws.com.cn");
  EXPECT_EQ(
      address(Service::kS3), "https://s3.cn-northwest-1.amazonaws.com.cn");
  EXPECT_EQ(address(Service::kIam), "https://iam.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(session()->signing_region(Service::kIam), "cn-north-1");
  options_.region = "us-gov-east-1";
  EXPECT_EQ(address(Service::kIam), "https://iam.us-gov.amazonaws.com");
  EXPECT_EQ(session()->signing_region(Service::kIam), "us-gov-west-1");
}

TEST_F(SessionEndpoint, NeedsARegionOnlyWhereTheServiceHasOne) {
  EXPECT_EQ(address(Service::kSts), "https://sts.us-east-1.amazonaws.com");
  EXPECT_EQ(address(Service::kIam), "https://iam.amazonaws.com");
  EXPECT_EQ(address(Service::kS3), "https://s3.us-east-1.amazonaws.com");
  expect_says(
      message_of([&] { (void)address(Service::kSageMaker); }), {"--region"});
}

TEST_F(SessionEndpoint, IsFoundInItsOrder) {
  write_config(
      "[default]\nservices = mine\nendpoint_url = http://profile\n"
      "[services mine]\nsagemaker =\n  endpoint_url = http://section\n"
      "cloudwatch_logs =\n  endpoint_url = http://logs-section\n");
  EXPECT_EQ(address(Service::kS3), "http://profile");
  EXPECT_EQ(address(Service::kSageMaker), "http://section");
  EXPECT_EQ(address(Service::kLogs), "http://logs-section");
  variables_["AWS_ENDPOINT_URL"] = "http://all";
  EXPECT_EQ(address(Service::kSageMaker), "http://all");
  variables_["AWS_ENDPOINT_URL_SAGEMAKER"] = "http://specific:5000/";
  variables_["AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"] = "http://logs";
  EXPECT_EQ(address(Service::kSageMaker), "http://specific:5000");
  EXPECT_EQ(address(Service::kLogs), "http://logs");
  EXPECT_EQ(address(Service::kS3), "http://all");
  EXPECT_FALSE(session()->is_aws_endpoint(Service::kS3));
  options_.region = "eu-central-1";
  variables_["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(address(Service::kS3), "https://s3.eu-central-1.amazonaws.com");
  options_.endpoint_url = "http://flag";
  EXPECT_EQ(address(Service::kSageMaker), "http://flag");
}

TEST_F(SessionEndpoint, MayBeIgnoredByTheProfile) {
  write_config(
      "[default]\nignore_configured_endpoint_urls = true\n"
      "endpoint_url = http://profile\nregion = eu-central-1\n");
  EXPECT_EQ(address(Service::kS3), "https://s3.eu-central-1.amazonaws.com");
}

TEST_F(SessionEndpoint, IsNamedWithItsPlaceWhereItIsNone) {
  variables_["AWS_ENDPOINT_URL_S3"] = "localhost:5000";
  expect_says(
      message_of([&] { (void)address(Service::kS3); }),
      {"AWS_ENDPOINT_URL_S3", "'localhost:5000'"});
  write_config("[default]\nendpoint_url = ftp://x\n");
  expect_says(
      message_of([&] { (void)address(Service::kSts); }),
      {"endpoint_url of profile 'default'", "'ftp://x'"});
  options_.endpoint_url = "here";
  expect_says(
      message_of([&] { (void)session(); }), {"--endpoint-url", "'here'"});
}

using SessionCredentials = SessionOf;

TEST_F(SessionCredentials, AreTheEnvironmentsBeforeAProfilesUnlessAFlagAsks) {
  write_credentials(
      "[default]\naws_access_key_id = D\naws_secret_access_key = s\n"
      "[x]\naws_access_key_id = X\naws_secret_access_key = s\n");
  EXPECT_EQ(keys().access_key_id, "D");
  expect_says(keys().source, {"profile 'default' in ", ".aws/credentials"});
  variables_["AWS_PROFILE"] = "x";
  EXPECT_EQ(keys().access_key_id, "X");
  variables_["AWS_ACCESS_KEY_ID"] = "E";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(keys().access_key_id, "E");
  options_.profile = "x";
  EXPECT_EQ(keys().access_key_id, "X");
}

TEST_F(SessionCredentials, AreTheCredentialsFilesBeforeProgramAndConfigFile) {
  write_config(
      "[profile x]\naws_access_key_id = C\naws_secret_access_key = s\n");
  options_.profile = "x";
  EXPECT_EQ(keys().access_key_id, "C");
  write_config(
      "[profile x]\naws_access_key_id = C\naws_secret_access_key = s\n"
      "credential_process = echo "
      "'{\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\"}'\n");
  EXPECT_EQ(keys().access_key_id, "P");
  write_credentials("[x]\naws_access_key_id = F\naws_secret_access_key = s\n");
  EXPECT_EQ(keys().access_key_id, "F");
}

TEST_F(SessionCredentials, AreAContainersAndThenAnInstances) {
  const LoopbackServer agent(in_turn(
      {{.body = R"({"AccessKeyId":"CONTAINER","SecretAccessKey":"s"})"}}));
  const LoopbackServer instance([](const ServedRequest& request) {
    return ServedAnswer{
        .body = request.target.ends_with("/role")
                    ? R"({"AccessKeyId":"INSTANCE","SecretAccessKey":"s"})"
                    : "role"};
  });
  variables_["AWS_EC2_METADATA_DISABLED"] = "";
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = instance.url();
  EXPECT_EQ(keys().access_key_id, "INSTANCE");
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url();
  EXPECT_EQ(keys().access_key_id, "CONTAINER");
}

TEST_F(SessionCredentials, NameThePlacesWhereThereAreNone) {
  expect_says(
      refusal(),
      {"no AWS credentials",
       "AWS_ACCESS_KEY_ID in the environment",
       "the role of profile 'default'",
       "AWS_WEB_IDENTITY_TOKEN_FILE",
       "profile 'default'",
       "the container's credentials",
       "the instance's role"});
}

TEST_F(SessionCredentials, NeedAProfileThatIsThere) {
  write_config("[profile wide]\nregion = r\n");
  options_.profile = "wyde";
  expect_says(
      message_of([&] { (void)session(); }),
      {"'wyde'", ".aws/config", ".aws/credentials", "there: wide"});
}

TEST_F(SessionCredentials, SayHowToSignInBySso) {
  write_config("[profile x]\nsso_session = s\n");
  options_.profile = "x";
  expect_says(
      refusal(),
      {"profile 'x' signs in by SSO",
       "aws sso login",
       "credential_process = aws configure export-credentials --profile x"});
}

TEST_F(SessionCredentials, SayHowToGiveACodeOfADevice) {
  write_config(
      "[profile x]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = x\n"
      "mfa_serial = arn:aws:iam::1:mfa/me\n");
  options_.profile = "x";
  expect_says(refusal(), {"profile 'x'", "mfa/me", "credential_process"});
}

// STS, which hands out keys named after the role that is asked for.
class SessionRole : public SessionOf {
 protected:
  SessionRole() { variables_["AWS_ENDPOINT_URL_STS"] = sts_.url(); }

  [[nodiscard]] static ServedAnswer answer(const ServedRequest& request) {
    const auto begin = request.body.find("role%2F") + 7;
    const auto role =
        request.body.substr(begin, request.body.find('&', begin) - begin);
    return {
        .body = "<R><Credentials><AccessKeyId>" + role +
                "</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                "<SessionToken>t</SessionToken><Expiration>"
                "2096-11-26T06:00:00Z</Expiration></Credentials></R>"};
  }

  // The key that signed the request.
  [[nodiscard]] std::string signer(size_t request) const {
    const auto text = sts_.requests().at(request).header("authorization");
    const auto begin = text.find("Credential=") + 11;
    return text.substr(begin, text.find('/') - begin);
  }

  LoopbackServer sts_{answer};
};

TEST_F(SessionRole, IsTakenOnWithTheKeysOfItsSource) {
  write_config(
      "[profile x]\nrole_arn = arn:aws:iam::1:role/X\nsource_profile = base\n");
  write_credentials(
      "[base]\naws_access_key_id = BASE\naws_secret_access_key = s\n");
  options_.profile = "x";
  EXPECT_EQ(keys().access_key_id, "X");
  EXPECT_EQ(keys().source, "the role of profile 'x'");
  EXPECT_EQ(signer(0), "BASE");
}

TEST_F(SessionRole, IsTakenOnByWayOfAnother) {
  write_config(
      "[profile x]\nrole_arn = arn:aws:iam::1:role/X\nsource_profile = y\n"
      "[profile y]\nrole_arn = arn:aws:iam::1:role/Y\nsource_profile = y\n"
      "aws_access_key_id = OWN\naws_secret_access_key = s\n");
  variables_["AWS_PROFILE"] = "x";
  EXPECT_EQ(keys().access_key_id, "X");
  EXPECT_EQ(signer(0), "OWN");
  EXPECT_EQ(signer(1), "Y");
}

TEST_F(SessionRole, IsNotTakenOnInARing) {
  write_config(
      "[profile x]\nrole_arn = arn:aws:iam::1:role/X\nsource_profile = y\n"
      "[profile y]\nrole_arn = arn:aws:iam::1:role/Y\nsource_profile = x\n");
  options_.profile = "x";
  expect_says(refusal(), {"source_profile of profile 'x'", "back to itself"});
  EXPECT_EQ(sts_.num_requests(), 0U);
}

TEST_F(SessionRole, IsTakenOnWithTheKeysOfAPlace) {
  write_config(
      "[profile x]\nrole_arn = arn:aws:iam::1:role/X\n"
      "credential_source = Environment\n");
  variables_["AWS_ACCESS_KEY_ID"] = "E";
  variables_["AWS_SECRET_ACCESS_KEY"] = "s";
  options_.profile = "x";
  EXPECT_EQ(keys().access_key_id, "X");
  EXPECT_EQ(signer(0), "E");
}

TEST_F(SessionRole, NamesTheSourceThatGivesNoKeys) {
  options_.profile = "x";
  for (const auto& [source, name] :
       std::vector<std::pair<std::string, const char*>>{
           {"source_profile = nobody\n", "source_profile 'nobody'"},
           {"credential_source = Mars\n", "credential_source 'Mars'"},
           {"", "names no source_profile"}}) {
    write_config("[profile x]\nrole_arn = arn:aws:iam::1:role/X\n" + source);
    expect_says(refusal(), {"profile 'x'", "role/X", name});
  }
}

TEST_F(SessionRole, IsTakenOnByAWebIdentityWithoutKeys) {
  write_file(folder_.path() / "jwt", "token");
  variables_["AWS_WEB_IDENTITY_TOKEN_FILE"] = (folder_.path() / "jwt").string();
  variables_["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/WEB";
  variables_["AWS_ROLE_SESSION_NAME"] = "pod";
  EXPECT_EQ(keys().access_key_id, "WEB");
  expect_says(
      sts_.requests().at(0).body,
      {"RoleSessionName=pod", "WebIdentityToken=token"});
  write_config(
      "[profile x]\nrole_arn = arn:aws:iam::1:role/PROFILE\n"
      "web_identity_token_file = " +
      (folder_.path() / "jwt").string() + "\n");
  options_.profile = "x";
  EXPECT_EQ(keys().access_key_id, "PROFILE");
}

TEST_F(SessionRole, KeepsItsKeysUntilTheyAreForgotten) {
  write_config(
      "[default]\nrole_arn = arn:aws:iam::1:role/X\nsource_profile = default\n"
      "aws_access_key_id = OWN\naws_secret_access_key = s\n");
  const auto one = session();
  (void)one->credentials();
  (void)one->credentials();
  EXPECT_EQ(sts_.num_requests(), 1U);
  one->forget_credentials();
  (void)one->credentials();
  EXPECT_EQ(sts_.num_requests(), 2U);
}

}  // namespace
}  // namespace nadir::aws
