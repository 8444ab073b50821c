#include "cli/job_client.h"

#include <chrono>
#include <cmath>
#include <ctime>

#include <nlohmann/json.hpp>

#include "aws/json_service.h"
#include "core/environment.h"
#include "core/error.h"

namespace nadir::cli {
namespace {

cloud::Api api_of(
    const std::shared_ptr<const aws::Session>& session, aws::Service service) {
  const auto client = std::make_shared<aws::JsonService>(session, service);
  return [client](const std::string& operation, const nlohmann::json& request) {
    return client->call(operation, request);
  };
}

}  // namespace

void add_session_flags(Command command, aws::SessionOptions& options) {
  command.add("--profile", options.profile, "Profile of AWS's files.");
  command.add("--region", options.region, "Region of the job.");
  command.add(
      "--endpoint-url",
      options.endpoint_url,
      "Address of all services, instead of AWS's own.");
}

JobClient::JobClient(const aws::SessionOptions& options)
    : session(std::make_shared<const aws::Session>(options)),
      sagemaker(api_of(session, aws::Service::kSageMaker)),
      logs(api_of(session, aws::Service::kLogs)),
      s3(session),
      records(job_records()) {}

cloud::JobRecords job_records() {
  return cloud::JobRecords(
      cloud::JobRecords::default_folder(process_environment()));
}

cloud::JobState find_job(const JobClient& client, const std::string& name) {
  const auto record = client.records.read(name);
  if (record) {
    if (const auto state =
            cloud::describe_job(client.sagemaker, record->kind, name)) {
      return *state;
    }
  }
  return cloud::find_job(client.sagemaker, name);
}

std::chrono::milliseconds PollConfig::time() const {
  NADIR_CHECK(
      std::isfinite(poll_s) && poll_s > 0 && poll_s <= 3600,
      "--poll-s must be above 0 and at most 3600, got {}",
      poll_s);
  return std::chrono::milliseconds(
      std::max<int64_t>(1, std::llround(poll_s * 1000)));
}

std::string time_text(double seconds) {
  if (seconds <= 0) {
    return "-";
  }
  const auto time = static_cast<std::time_t>(seconds);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  return fmt::format(
      "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
      utc.tm_year + 1900,
      utc.tm_mon + 1,
      utc.tm_mday,
      utc.tm_hour,
      utc.tm_min,
      utc.tm_sec);
}

}  // namespace nadir::cli
