#include "aws/session.h"

#include <array>
#include <vector>

#include "aws/credentials_hosts.h"
#include "aws/credentials_sources.h"
#include "core/error.h"

namespace nadir::aws {
namespace {

struct ServiceNames {
  const char* name;      // for people
  const char* signing;   // in signatures
  const char* host;      // the first part of its address
  const char* id;        // in AWS_ENDPOINT_URL_<ID>, lower case in profiles
  const char* settings;  // below `[services x]`
};

// In the order of `Service`.
constexpr std::array<ServiceNames, 6> kServices{
    {{"SageMaker", "sagemaker", "api.sagemaker", "SAGEMAKER", "sagemaker"},
     {"SageMaker Runtime",
      "sagemaker",
      "runtime.sagemaker",
      "SAGEMAKER_RUNTIME",
      "sagemaker_runtime"},
     {"CloudWatch Logs", "logs", "logs", "CLOUDWATCH_LOGS", "cloudwatch_logs"},
     {"S3", "s3", "s3", "S3", "s3"},
     {"STS", "sts", "sts", "STS", "sts"},
     {"IAM", "iam", "iam", "IAM", "iam"}}};

const ServiceNames& names_of(Service service) {
  return kServices[static_cast<size_t>(service)];
}

bool is_true(const std::optional<std::string>& text) {
  return text && (*text == "true" || *text == "True" || *text == "TRUE");
}

// A part of host names, or nothing.
bool is_region_name(const std::string& text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
         std::string::npos;
}

// The parts of AWS that are worlds of their own: China, the US government's.
bool is_chinese(const std::string& region) {
  return region.starts_with("cn-");
}

bool is_governmental(const std::string& region) {
  return region.starts_with("us-gov-");
}

std::string iam_host(const std::string& region) {
  if (is_chinese(region)) {
    return "iam.cn-north-1.amazonaws.com.cn";
  }
  return is_governmental(region) ? "iam.us-gov.amazonaws.com"
                                 : "iam.amazonaws.com";
}

}  // namespace

std::string name_of(Service service) {
  return names_of(service).name;
}

std::string signing_name(Service service) {
  return names_of(service).signing;
}

Session::Session(SessionOptions options, Environment environment)
    : options_(std::move(options)),
      environment_(std::move(environment)),
      files_(environment_),
      profile_(ProfileFiles::name_of(options_.profile, environment_)),
      http_(std::make_unique<HttpClient>(
          HttpOptions{},
          environment_("AWS_CA_BUNDLE")
              .value_or(files_.setting(profile_, "ca_bundle").value_or("")))) {
  NADIR_CHECK(
      profile_ == "default" || files_.has(profile_),
      "there is no AWS profile '{}' in {} or {} (there: {})",
      profile_,
      files_.config_path().string(),
      files_.credentials_path().string(),
      files_.names());
  if (!options_.endpoint_url.empty()) {
    (void)parse_endpoint(options_.endpoint_url, "--endpoint-url");
  }
  credentials_ = std::make_unique<CredentialsChain>(credentials_sources(
      *this, files_, environment_, profile_, !options_.profile.empty()));
}

std::string Session::find_region() const {
  if (!options_.region.empty()) {
    return options_.region;
  }
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const auto region = environment_(name)) {
      return *region;
    }
  }
  if (const auto region = files_.setting(profile_, "region")) {
    return *region;
  }
  // arn:aws:sagemaker:REGION:ACCOUNT:training-job/NAME
  if (const auto arn = environment_("TRAINING_JOB_ARN")) {
    const auto begin = arn->find(":sagemaker:");
    if (begin != std::string::npos) {
      const std::string rest = arn->substr(begin + 11);
      return rest.substr(0, rest.find(':'));
    }
  }
  return instance_region(environment_).value_or("");
}

std::string Session::region_or(const std::string& otherwise) const {
  const std::lock_guard lock(mutex_);
  if (!is_region_known_) {
    const std::string region = find_region();
    NADIR_CHECK(
        is_region_name(region),
        "the AWS region '{}' is none: a region is small letters, digits and "
        "hyphens, such as eu-central-1",
        region);
    region_ = region;
    is_region_known_ = true;
  }
  return region_.empty() ? otherwise : region_;
}

std::string Session::region() const {
  const std::string region = region_or("");
  NADIR_CHECK(
      !region.empty(),
      "no AWS region: give --region, set AWS_REGION, or write region = ... "
      "into the profile '{}'",
      profile_);
  return region;
}

Session::OwnEndpoint Session::own_endpoint(Service service) const {
  if (!options_.endpoint_url.empty()) {
    return {options_.endpoint_url, "--endpoint-url"};
  }
  const bool is_ignored =
      is_true(environment_("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
      is_true(files_.setting(profile_, "ignore_configured_endpoint_urls"));
  if (is_ignored) {
    return {};
  }
  const auto& names = names_of(service);
  const std::string specific = std::string("AWS_ENDPOINT_URL_") + names.id;
  for (const std::string& name : {specific, std::string("AWS_ENDPOINT_URL")}) {
    if (const auto url = environment_(name)) {
      return {*url, name};
    }
  }
  if (const auto services = files_.setting(profile_, "services")) {
    if (const auto* settings = files_.services(*services)) {
      const auto found =
          settings->find(std::string(names.settings) + ".endpoint_url");
      if (found != settings->end() && !found->second.empty()) {
        return {
            found->second,
            fmt::format("{} of [services {}]", found->first, *services)};
      }
    }
  }
  return {
      files_.setting(profile_, "endpoint_url").value_or(""),
      "endpoint_url of profile '" + profile_ + "'"};
}

bool Session::is_aws_endpoint(Service service) const {
  return own_endpoint(service).url.empty();
}

Endpoint Session::endpoint(Service service) const {
  const auto own = own_endpoint(service);
  if (!own.url.empty()) {
    return parse_endpoint(own.url, own.place);
  }
  // These three are everywhere; all others need to be told where.
  const bool is_anywhere = service == Service::kS3 ||
                           service == Service::kSts || service == Service::kIam;
  const std::string region =
      is_anywhere ? region_or("us-east-1") : this->region();
  return {
      "https",
      service == Service::kIam
          ? iam_host(region)
          : fmt::format(
                "{}.{}.{}",
                names_of(service).host,
                region,
                is_chinese(region) ? "amazonaws.com.cn" : "amazonaws.com"),
      ""};
}

std::string Session::signing_region(Service service) const {
  if (service == Service::kS3 || service == Service::kSts) {
    return region_or("us-east-1");
  }
  if (service != Service::kIam) {
    return region();
  }
  const std::string region = region_or("us-east-1");
  if (is_chinese(region)) {
    return "cn-north-1";
  }
  return is_governmental(region) ? "us-gov-west-1" : "us-east-1";
}

Credentials Session::credentials() const {
  return credentials_->get();
}

void Session::forget_credentials() const {
  credentials_->forget();
}

}  // namespace nadir::aws
