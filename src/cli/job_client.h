// What every `nadir job` command shares: who calls, where, and what this host
// remembers of its jobs.
#pragma once

#include <memory>
#include <string>

#include "aws/session.h"
#include "cli/command.h"
#include "cloud/job_record.h"
#include "cloud/job_state.h"
#include "store/s3.h"

namespace nadir::cli {

// Adds --profile, --region and --endpoint-url.
void add_session_flags(Command command, aws::SessionOptions& options);

// The services of one account and region.
struct JobClient {
  explicit JobClient(const aws::SessionOptions& options);

  std::shared_ptr<const aws::Session> session;
  cloud::Api sagemaker;
  cloud::Api logs;
  store::S3 s3;
  cloud::JobRecords records;
};

// The records of this host's user.
[[nodiscard]] cloud::JobRecords job_records();

// The job as SageMaker knows it, of the kind that the record says, else of any.
// Throws Error{kNotFound}.
[[nodiscard]] cloud::JobState find_job(
    const JobClient& client, const std::string& name);

// How often waiting commands look.
struct PollConfig {
  double poll_s = 10;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(poll_s, "poll_s", "Seconds between two looks at the job.");
  }

  // Throws Error{kInvalidArgument} unless it is above 0.
  [[nodiscard]] std::chrono::milliseconds time() const;
};

// "2026-01-31 12:34:56", UTC; "-" for 0.
[[nodiscard]] std::string time_text(double seconds);

}  // namespace nadir::cli
