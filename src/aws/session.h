// Who calls and where: credentials, region, addresses of services.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "aws/credentials.h"
#include "aws/http.h"
#include "aws/profile.h"
#include "aws/uri.h"
#include "core/environment.h"

namespace nadir::aws {

enum class Service { kSageMaker, kSageMakerRuntime, kLogs, kS3, kSts, kIam };

// Its name for people: "SageMaker", "CloudWatch Logs" ...
[[nodiscard]] std::string name_of(Service service);

// The name in signatures: "sagemaker", "logs", "s3" ...
[[nodiscard]] std::string signing_name(Service service);

// From flags; an empty one is found as AWS's own tools find it.
struct SessionOptions {
  std::string profile;
  std::string region;
  std::string endpoint_url;  // for every service
};

// Thread-safe; share it.
class Session {
 public:
  // Reads the profile files. Throws Error{kInvalidArgument} where a profile
  // that was asked for is not there, or an address is none.
  explicit Session(
      SessionOptions options, Environment environment = process_environment());
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The flag, AWS_REGION, AWS_DEFAULT_REGION, the profile's, the one of
  // TRAINING_JOB_ARN, or the instance's. Throws Error{kInvalidArgument} where
  // there is none.
  [[nodiscard]] std::string region() const;
  // The same, but `otherwise` where there is none: S3 tells the right one.
  [[nodiscard]] std::string region_or(const std::string& otherwise) const;

  // The flag, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's, or
  // AWS's own in the region. Throws Error{kInvalidArgument} naming the place of
  // an address that is none.
  [[nodiscard]] Endpoint endpoint(Service service) const;
  // Whether it is AWS's own, which S3 buckets are a part of the host's name in.
  [[nodiscard]] bool is_aws_endpoint(Service service) const;

  // The region in signatures for the service: IAM has one home for each part of
  // AWS, all others the session's.
  [[nodiscard]] std::string signing_region(Service service) const;

  // As CredentialsChain::get().
  [[nodiscard]] Credentials credentials() const;
  // As CredentialsChain::forget().
  void forget_credentials() const;

  [[nodiscard]] const HttpClient& http() const { return *http_; }

 private:
  [[nodiscard]] std::string find_region() const;

  // An address that the user gave, and where.
  struct OwnEndpoint {
    std::string url{};  // "" where there is none
    std::string place{};
  };

  [[nodiscard]] OwnEndpoint own_endpoint(Service service) const;

  SessionOptions options_;
  Environment environment_;
  ProfileFiles files_;
  std::string profile_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<CredentialsChain> credentials_;
  mutable std::mutex mutex_;
  mutable bool is_region_known_ = false;
  mutable std::string region_;
};

}  // namespace nadir::aws
