#include "cloud/job_wait.h"

#include <algorithm>
#include <string_view>
#include <thread>

#include "aws/service_error.h"
#include "core/error.h"
#include "core/signals.h"

namespace nadir::cloud {
namespace {

using std::chrono::milliseconds;

// Sleeps, but wakes for a signal.
void sleep_for(milliseconds time) {
  constexpr milliseconds kSlice{50};
  while (time.count() > 0 && caught_signal() == 0) {
    std::this_thread::sleep_for(std::min(time, kSlice));
    time -= kSlice;
  }
}

struct Advice {
  std::string_view part;  // of the message
  std::string_view text;
};

// The first that matches counts.
constexpr Advice kFailureAdvice[] = {
    {"CapacityError",
     "the instances are sold out: submit it again later, in another zone or "
     "region, or with another --instance-type"},
    {"nsufficientInstanceCapacity",
     "the instances are sold out: submit it again later, in another zone or "
     "region, or with another --instance-type"},
    {"ind image",
     "push the image to ECR in the job's region, check --image, and let the "
     "role read it (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer)"},
    {"no matching objects",
     "nothing lies below an --input: check its prefix with nadir job status"},
    {"no basic auth credentials",
     "let the role read the image: ecr:GetAuthorizationToken"},
    {"AccessDenied",
     "the job's role may not do that: add the permission to the role"},
    {"exit code: 137",
     "the container was killed, most often for lack of memory: a smaller batch "
     "or a larger --instance-type"},
    {"MaxWaitTimeExceeded",
     "no spot instances within --max-wait: wait longer or leave --spot out"},
    {"InternalServerError",
     "an error of the service's: submit it again with --resume, and see "
     "--max-retries"},
};

constexpr Advice kCreateAdvice[] = {
    {"ResourceLimitExceeded",
     "ask for a higher quota in AWS Service Quotas, stop jobs that use it up "
     "(nadir job list), or take another --instance-type"},
    {"ResourceInUse",
     "a job has this name already: leave --job-name out, and a time is added"},
    {"already existing model",
     "a model has this name already: leave --job-name out, and a time is "
     "added"},
    {"AssumeRole",
     "SageMaker may not take the role: its trust policy must name "
     "sagemaker.amazonaws.com"},
    {"iam:PassRole",
     "your own user may not hand the role on: it needs iam:PassRole on it"},
    {"assume the role",
     "SageMaker may not take the role: its trust policy must name "
     "sagemaker.amazonaws.com"},
    {"S3OutputPath", "check --output-s3 and that the role may write there"},
    {"S3 bucket",
     "check the buckets of --input, --output-s3 and --checkpoint-s3: they must "
     "be there, in the job's region"},
};

template <size_t N>
std::string find_advice(const Advice (&table)[N], const std::string& message) {
  const auto found = std::find_if(
      std::begin(table), std::end(table), [&](const Advice& advice) {
        return message.find(advice.part) != std::string::npos;
      });
  return found == std::end(table) ? "" : std::string(found->text);
}

}  // namespace

JobState wait_for_job(
    const Api& api,
    JobKind kind,
    const std::string& name,
    const WaitOptions& options) {
  size_t num_seen = 0;
  while (true) {
    const auto state = describe_job(api, kind, name);
    if (!state) {
      fail(ErrorCode::kNotFound, "the job {} is not there any more", name);
    }
    for (; num_seen < state->transitions.size(); ++num_seen) {
      if (options.on_transition) {
        options.on_transition(state->transitions[num_seen]);
      }
    }
    if (options.on_look) {
      options.on_look(*state);
    }
    if (state->is_final() || caught_signal() != 0) {
      return *state;
    }
    sleep_for(options.poll);
  }
}

std::string advice_on_failure(
    const std::string& failure_reason, const std::string& job) {
  const std::string advice = find_advice(kFailureAdvice, failure_reason);
  return advice.empty()
             ? fmt::format("its last lines say more: nadir job logs {}", job)
             : advice;
}

void check_job_succeeded(const JobState& state) {
  if (state.status == "Failed") {
    fail(
        ErrorCode::kIo,
        "the job {} failed: {}; {}",
        state.name,
        state.failure_reason.empty() ? "no reason given" : state.failure_reason,
        advice_on_failure(state.failure_reason, state.name));
  }
}

void rethrow_with_advice() {
  try {
    throw;
  } catch (const aws::ServiceError& error) {
    const std::string advice = find_advice(
        kCreateAdvice, error.service_code() + ": " + error.service_message());
    if (advice.empty()) {
      throw;
    }
    throw aws::ServiceError(
        ErrorCode::kInvalidArgument,
        std::string(error.what()) + "; " + advice,
        error.http_status(),
        error.service_code(),
        error.service_message());
  }
}

}  // namespace nadir::cloud
