#include "aws/session.h"

#include <array>
#include <vector>

#include "aws/credentials_files.h"
#include "aws/credentials_hosts.h"
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

// What a profile that takes on a role says of it.
AssumedRole role_of(const ProfileFiles& files, const std::string& profile) {
  AssumedRole role;
  role.role_arn = files.setting(profile, "role_arn").value_or("");
  role.session_name =
      files.setting(profile, "role_session_name").value_or("nadir");
  role.external_id = files.setting(profile, "external_id").value_or("");
  role.duration_s = files.setting(profile, "duration_seconds").value_or("");
  role.source = fmt::format("the role of profile '{}'", profile);
  return role;
}

// Where credentials are looked for, for one session, which outlives it.
class SourceList {
 public:
  SourceList(
      const Session& session,
      const ProfileFiles& files,
      const Environment& environment)
      : session_(session), files_(files), environment_(environment) {}

  // The order of AWS's own tools. A profile that was asked for by a flag comes
  // before the environment's keys.
  [[nodiscard]] std::vector<CredentialsSource> sources(
      const std::string& profile, bool is_asked_for) const {
    std::vector<CredentialsSource> list;
    if (!is_asked_for) {
      list.push_back({"AWS_ACCESS_KEY_ID in the environment", [self = *this] {
                        return environment_credentials(self.environment_);
                      }});
    }
    list.push_back(
        {"the role of profile '" + profile + "'", [self = *this, profile] {
           return self.role_credentials(profile, {});
         }});
    if (!is_asked_for) {
      list.push_back({"AWS_WEB_IDENTITY_TOKEN_FILE", [self = *this] {
                        return self.web_identity();
                      }});
    }
    list.push_back({"profile '" + profile + "'", [self = *this, profile] {
                      return self.profile_credentials(profile);
                    }});
    list.push_back({"the container's credentials", [self = *this] {
                      return container_credentials(self.environment_);
                    }});
    list.push_back({"the instance's role", [self = *this] {
                      return instance_credentials(self.environment_);
                    }});
    return list;
  }

 private:
  [[nodiscard]] std::optional<Credentials> profile_credentials(
      const std::string& profile) const {
    auto found = static_credentials(
        files_.in_credentials(profile),
        fmt::format(
            "profile '{}' in {}", profile, files_.credentials_path().string()));
    if (!found) {
      found = process_credentials(files_, profile);
    }
    if (!found) {
      found = static_credentials(
          files_.in_config(profile),
          fmt::format(
              "profile '{}' in {}", profile, files_.config_path().string()));
    }
    NADIR_CHECK(
        found || !(files_.setting(profile, "sso_session") ||
                   files_.setting(profile, "sso_start_url")),
        "profile '{}' signs in by SSO, which nadir does through "
        "credential_process: run aws sso login, and add to the profile the "
        "line\n  credential_process = aws configure export-credentials "
        "--profile {} --format process\nor set the keys that aws configure "
        "export-credentials --profile {} --format env prints",
        profile,
        profile,
        profile);
    return found;
  }

  // `chain` is the profiles that led here, so that a ring is found.
  [[nodiscard]] std::optional<Credentials> role_credentials(
      const std::string& profile, std::vector<std::string> chain) const {
    const AssumedRole role = role_of(files_, profile);
    if (role.role_arn.empty()) {
      return std::nullopt;
    }
    NADIR_CHECK(
        !files_.setting(profile, "mfa_serial"),
        "profile '{}' asks for a code of {} (mfa_serial), which nadir does "
        "through credential_process: add to a profile of its own the line\n"
        "  credential_process = aws configure export-credentials --profile {} "
        "--format process",
        profile,
        *files_.setting(profile, "mfa_serial"),
        profile);
    if (const auto token = files_.setting(profile, "web_identity_token_file")) {
      return web_identity_credentials(
          session_.endpoint(Service::kSts), session_.http(), role, *token);
    }
    for (const auto& earlier : chain) {
      NADIR_CHECK(
          earlier != profile,
          "the source_profile of profile '{}' leads back to itself",
          profile);
    }
    chain.push_back(profile);
    return assumed_credentials(
        session_.endpoint(Service::kSts),
        session_.region_or("us-east-1"),
        session_.http(),
        role,
        source_credentials(profile, chain));
  }

  // The keys that take on the role of `profile`.
  [[nodiscard]] Credentials source_credentials(
      const std::string& profile, const std::vector<std::string>& chain) const {
    std::optional<Credentials> found;
    const auto other = files_.setting(profile, "source_profile");
    const auto place = files_.setting(profile, "credential_source");
    if (other) {
      if (*other != profile) {
        found = role_credentials(*other, chain);
      }
      if (!found) {
        found = profile_credentials(*other);
      }
    } else if (place == "Environment") {
      found = environment_credentials(environment_);
    } else if (place == "EcsContainer") {
      found = container_credentials(environment_);
    } else if (place == "Ec2InstanceMetadata") {
      found = instance_credentials(environment_);
    }
    NADIR_CHECK(
        found,
        "profile '{}' takes on {}, but its {} gives no keys",
        profile,
        files_.setting(profile, "role_arn").value_or(""),
        other   ? "source_profile '" + *other + "'"
        : place ? "credential_source '" + *place + "'"
                : std::string("section names no source_profile, and so it"));
    return *found;
  }

  [[nodiscard]] std::optional<Credentials> web_identity() const {
    const auto token = environment_("AWS_WEB_IDENTITY_TOKEN_FILE");
    const auto arn = environment_("AWS_ROLE_ARN");
    if (!token || !arn) {
      return std::nullopt;
    }
    AssumedRole role;
    role.role_arn = *arn;
    role.session_name = environment_("AWS_ROLE_SESSION_NAME").value_or("nadir");
    role.source = "the web identity of AWS_WEB_IDENTITY_TOKEN_FILE";
    return web_identity_credentials(
        session_.endpoint(Service::kSts), session_.http(), role, *token);
  }

  const Session& session_;
  const ProfileFiles& files_;
  const Environment& environment_;
};

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
  credentials_ = std::make_unique<CredentialsChain>(
      SourceList(*this, files_, environment_)
          .sources(profile_, !options_.profile.empty()));
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
