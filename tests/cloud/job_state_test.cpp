// What is read from answers, and what is said of failures.
#include "cloud/job_state.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "aws/service_error.h"
#include "cloud/job_wait.h"

namespace nadir::cloud {
namespace {

using nlohmann::json;

aws::ServiceError refusal(const std::string& code, const std::string& message) {
  return aws::ServiceError(
      ErrorCode::kInvalidArgument, code + ": " + message, 400, code, message);
}

TEST(JobState, ReadsADescription) {
  const auto state = parse_job_state(JobKind::kTraining, json::parse(R"({
    "TrainingJobName": "a", "TrainingJobArn": "arn", "FailureReason": null,
    "TrainingJobStatus": "InProgress", "SecondaryStatus": "Training",
    "SecondaryStatusTransitions": [
      {"Status": "Starting", "StartTime": 1.5, "StatusMessage": "m"}],
    "CreationTime": 10.5, "TrainingStartTime": 20,
    "HyperParameters": {"arch": "\"vit_small\"", "epochs": "100"},
    "OutputDataConfig": {"S3OutputPath": "s3://b/out/"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2}
  })"));
  EXPECT_EQ(state.detail, "Training");
  EXPECT_FALSE(state.is_final());
  EXPECT_EQ(state.failure_reason, "");
  EXPECT_EQ(state.output_uri, "s3://b/out/a/output");
  EXPECT_EQ(state.instance_count, 2);
  EXPECT_EQ(state.billable_s, -1);
  EXPECT_DOUBLE_EQ(state.running_s(50), 30);
  ASSERT_EQ(state.transitions.size(), 1);
  EXPECT_EQ(
      state.hyperparameters, (Pairs{{"arch", "vit_small"}, {"epochs", "100"}}));
}

TEST(JobState, AJobOfUnknownKindIsLookedForInAll) {
  std::vector<std::string> asked;
  const Api api = [&](const std::string& operation, const json&) -> json {
    asked.push_back(operation);
    if (operation == "DescribeTransformJob") {
      return {{"TransformJobName", "a"}, {"TransformJobStatus", "Completed"}};
    }
    throw refusal("ValidationException", "Requested resource not found.");
  };
  EXPECT_EQ(find_job(api, "a").kind, JobKind::kTransform);
  EXPECT_EQ(asked.size(), 3);
  const Api none = [](const std::string&, const json&) -> json {
    throw refusal("ValidationException", "Could not find training job 'x'.");
  };
  EXPECT_THROW((void)find_job(none, "a"), Error);
  const Api broken = [](const std::string&, const json&) -> json {
    throw refusal("AccessDeniedException", "no");
  };
  EXPECT_THROW((void)find_job(broken, "a"), aws::ServiceError);
}

TEST(JobState, ListsPagesUpToTheLimit) {
  int num_pages = 0;
  const Api api = [&](const std::string&, const json& request) -> json {
    ++num_pages;
    json page = json::array();
    for (int i = 0; i < 2; ++i) {
      page.push_back(
          {{"TrainingJobName", std::to_string(num_pages * 2 + i)},
           {"TrainingJobStatus", "Completed"},
           {"CreationTime", 100 - num_pages * 2 - i}});
    }
    EXPECT_EQ(request.contains("NextToken"), num_pages > 1);
    return {{"TrainingJobSummaries", page}, {"NextToken", "t"}};
  };
  ListQuery query;
  query.limit = 5;
  EXPECT_EQ(list_jobs(api, query).size(), 5);
  EXPECT_EQ(num_pages, 3);
}

TEST(WaitForJob, TellsEachTransitionOnce) {
  int num_looks = 0;
  const Api api = [&](const std::string&, const json&) -> json {
    json transitions = json::array();
    for (int i = 0; i <= num_looks; ++i) {
      transitions.push_back({{"Status", std::to_string(i)}, {"StartTime", i}});
    }
    ++num_looks;
    return {
        {"TrainingJobName", "a"},
        {"TrainingJobStatus", num_looks < 4 ? "InProgress" : "Failed"},
        {"FailureReason", "CapacityError: none left"},
        {"SecondaryStatusTransitions", transitions}};
  };
  std::string seen;
  WaitOptions options;
  options.poll = std::chrono::milliseconds(1);
  options.on_transition = [&](const Transition& one) { seen += one.status; };
  const auto state = wait_for_job(api, JobKind::kTraining, "a", options);
  EXPECT_EQ(seen, "0123");
  try {
    check_job_succeeded(state);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("sold out"), std::string::npos);
  }
}

TEST(Advice, IsThereForEachFailure) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"CapacityError: x", "another --instance-type"},
      {"ClientError: Cannot find image x", "push the image to ECR"},
      {"ClientError: S3 key: x has no matching objects.", "--input"},
      {"AlgorithmError: , exit code: 137", "lack of memory"},
      {"AlgorithmError: no such band B10, exit code: 2", "nadir job logs a"},
      {"InternalServerError: x", "--max-retries"}};
  for (const auto& [reason, words] : cases) {
    EXPECT_NE(advice_on_failure(reason, "a").find(words), std::string::npos)
        << reason << ": " << advice_on_failure(reason, "a");
  }
}

TEST(Advice, IsAddedToRefusedCreations) {
  const std::vector<std::pair<aws::ServiceError, std::string>> cases = {
      {refusal("ResourceLimitExceeded", "limit is 0"), "higher quota"},
      {refusal("ResourceInUse", "exists"), "leave --job-name out"},
      {refusal("ValidationException", "Could not assume the role x"),
       "trust policy"},
      {refusal("AccessDeniedException", "not authorized: iam:PassRole"),
       "iam:PassRole on it"},
      {refusal("ValidationException", "something else"), "something else"}};
  for (const auto& [error, words] : cases) {
    try {
      try {
        throw error;
      } catch (const std::exception&) {
        rethrow_with_advice();
      }
    } catch (const aws::ServiceError& told) {
      EXPECT_NE(std::string(told.what()).find(words), std::string::npos)
          << told.what();
      EXPECT_EQ(told.service_code(), error.service_code());
    }
  }
}

}  // namespace
}  // namespace nadir::cloud
