#include "launch/collective_backend.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/variables.h"

namespace nadir::launch {
namespace {

constexpr bool kOnCuda = true;
constexpr bool kOnCpu = false;

// As SageMaker's toolkit writes it for the estimator's `distribution`.
const Variables kSmddpJob = {
    {"SM_FRAMEWORK_PARAMS",
     R"({"sagemaker_distributed_dataparallel_custom_mpi_options":"",)"
     R"("sagemaker_distributed_dataparallel_enabled":true,)"
     R"("sagemaker_instance_type":"ml.p3.16xlarge"})"}};

BackendChoice chosen(
    const std::string& wanted, bool is_cuda, const Variables& variables = {}) {
  return choose_collective_backend(
      wanted, is_cuda, environment_with(variables));
}

std::string why_not(
    const std::string& wanted, bool is_cuda, const Variables& variables = {}) {
  try {
    (void)chosen(wanted, is_cuda, variables);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "";
}

TEST(CollectiveBackend, FollowsTheDevice) {
  const BackendChoice nccl = {CollectiveBackend::kNccl, ""};
  const BackendChoice gloo = {CollectiveBackend::kGloo, ""};
  EXPECT_EQ(chosen("auto", kOnCuda), nccl);
  EXPECT_EQ(chosen("nccl", kOnCuda), nccl);
  EXPECT_EQ(chosen("auto", kOnCpu), gloo);
  EXPECT_EQ(chosen("gloo", kOnCpu), gloo);
}

TEST(CollectiveBackend, ReplacesSmddpAndSaysSo) {
  for (const bool is_cuda : {kOnCuda, kOnCpu}) {
    const auto choice = chosen("smddp", is_cuda);
    EXPECT_EQ(choice.backend, chosen("auto", is_cuda).backend);
    EXPECT_NE(choice.remark.find(to_text(choice.backend)), std::string::npos)
        << choice.remark;
    const auto of_job = chosen("auto", is_cuda, kSmddpJob);
    EXPECT_EQ(of_job.backend, choice.backend);
    EXPECT_NE(of_job.remark.find("SM_FRAMEWORK_PARAMS"), std::string::npos);
  }
  // Who names a backend was not asked for another.
  EXPECT_EQ(chosen("gloo", kOnCpu, kSmddpJob).remark, "");
  for (const char* off :
       {"{}", R"({"sagemaker_distributed_dataparallel_enabled":false})"}) {
    EXPECT_EQ(
        chosen("auto", kOnCpu, {{"SM_FRAMEWORK_PARAMS", off}}).remark, "");
  }
}

TEST(CollectiveBackend, RefusesWhatTheDeviceCannotDo) {
  EXPECT_NE(why_not("nccl", kOnCpu).find("--device cuda"), std::string::npos);
  EXPECT_NE(why_not("gloo", kOnCuda).find("--device cpu"), std::string::npos);
  EXPECT_NE(why_not("ncc", kOnCuda).find("did you mean"), std::string::npos);
  EXPECT_NE(
      why_not("auto", kOnCpu, {{"SM_FRAMEWORK_PARAMS", "[1"}}).find("=[1"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::launch
