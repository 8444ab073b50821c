// What the doctor finds of AWS, in environments of the test's own.
#include "cli/doctor_aws.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "support/loopback_server.h"
#include "support/variables.h"

namespace nadir::cli {
namespace {

class DoctorAws : public ::testing::Test {
 protected:
  DoctorAws() { variables_["HOME"] = folder_.path().string(); }

  [[nodiscard]] std::vector<Finding> findings(bool asks = false) const {
    return aws_findings(asks, environment_with(variables_));
  }

  // The finding of that name; empty where there is none.
  [[nodiscard]] Finding finding(
      const std::string& name, bool asks = false) const {
    for (const auto& one : findings(asks)) {
      if (one.name == name) {
        return one;
      }
    }
    return {};
  }

  void give_keys() {
    variables_["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE";
    variables_["AWS_SECRET_ACCESS_KEY"] = "hush";
  }

  TemporaryFolder folder_;
  Variables variables_;
};

TEST_F(DoctorAws, HasNothingToMendWhereNobodyUsesIt) {
  const auto all = findings();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].value, "none");
  EXPECT_EQ(all[0].advice, "");
}

TEST_F(DoctorAws, ShowsTheEndOfTheKeyAndWhereItIs) {
  give_keys();
  variables_["AWS_REGION"] = "eu-central-1";
  EXPECT_EQ(finding("AWS keys").value, "****************MPLE, the environment");
  EXPECT_EQ(finding("AWS keys").advice, "");
  EXPECT_EQ(finding("AWS region").value, "eu-central-1");
  EXPECT_EQ(finding("AWS account").name, "") << "asked without --aws";
  variables_["AWS_ACCESS_KEY_ID"] = "AKI";
  EXPECT_EQ(finding("AWS keys").value, "***, the environment");
}

TEST_F(DoctorAws, SaysWhatIsWrongWithKeys) {
  variables_["AWS_SECRET_ACCESS_KEY"] = "hush";
  EXPECT_EQ(finding("AWS keys").value, "none");
  const auto advice = finding("AWS keys").advice;
  EXPECT_NE(advice.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_EQ(advice.find("hush"), std::string::npos);
  variables_ = {{"AWS_PROFILE", "nobody"}};
  EXPECT_NE(
      finding("AWS keys").advice.find("no AWS profile 'nobody'"),
      std::string::npos);
  give_keys();
  variables_["AWS_PROFILE"] = "";
  variables_["AWS_REGION"] = "no/where";
  EXPECT_NE(finding("AWS region").advice.find("no/where"), std::string::npos);
}

TEST_F(DoctorAws, LeavesTheNetworkAloneUnlessItIsAskedFor) {
  const LoopbackServer agent(in_turn(
      {{.body = R"({"AccessKeyId":"AKIAAGENT","SecretAccessKey":"s"})"},
       {.body = "<R><Account>123456789012</Account></R>"}}));
  variables_["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url();
  variables_["AWS_ENDPOINT_URL"] = agent.url();
  variables_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = agent.url();
  EXPECT_EQ(finding("AWS keys").value, "the container's agent, not asked for");
  EXPECT_NE(finding("AWS keys").advice.find("--aws"), std::string::npos);
  EXPECT_EQ(agent.num_requests(), 0U);
  variables_["AWS_REGION"] = "eu-central-1";
  const auto all = findings(true);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].value.substr(0, 9), "*****GENT");
  EXPECT_EQ(all[2].value, "123456789012");
}

TEST_F(DoctorAws, NamesARoleWithoutTakingItOn) {
  write_file(
      folder_.path() / ".aws/config",
      "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = x\n");
  EXPECT_EQ(
      finding("AWS keys").value,
      "arn:aws:iam::1:role/r of profile 'default', not asked for");
}

TEST_F(DoctorAws, SaysWhatStsRefuses) {
  const LoopbackServer sts(in_turn(
      {{.status = 403,
        .body = "<R><Error><Code>InvalidClientTokenId</Code></Error></R>"}}));
  give_keys();
  variables_["AWS_REGION"] = "eu-central-1";
  variables_["AWS_ENDPOINT_URL"] = sts.url();
  EXPECT_EQ(finding("AWS account", true).value, "unknown");
  EXPECT_NE(
      finding("AWS account", true).advice.find("InvalidClientTokenId"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::cli
