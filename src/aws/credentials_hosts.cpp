#include "aws/credentials_hosts.h"

#include <algorithm>
#include <array>

#include <pugixml.hpp>

#include "aws/retry.h"
#include "aws/service_error.h"
#include "core/error.h"
#include "core/file.h"

namespace nadir::aws {
namespace {

constexpr long kOk = 200;
constexpr int kContainerTries = 3;
constexpr std::chrono::milliseconds kContainerTimeout{2000};
constexpr std::chrono::milliseconds kInstanceTimeout{1000};
constexpr const char* kContainerHost = "http://169.254.170.2";
constexpr const char* kInstanceHost = "http://169.254.169.254";
constexpr const char* kInstanceHostV6 = "http://[fd00:ec2::254]";
constexpr const char* kInstanceToken = "x-aws-ec2-metadata-token";
constexpr const char* kRolePath = "/latest/meta-data/iam/security-credentials/";

HttpOptions short_lived(std::chrono::milliseconds timeout) {
  HttpOptions options;
  options.connect_timeout = timeout;
  options.total_timeout = timeout;
  return options;
}

// An address with its path, as the agents' variables have it.
HttpRequest get_request(const std::string& address, const std::string& what) {
  HttpRequest request;
  const auto query = address.find('?');
  request.endpoint = parse_endpoint(address.substr(0, query), what);
  request.path = request.endpoint.path.empty() ? "/" : request.endpoint.path;
  request.endpoint.path.clear();
  if (query != std::string::npos) {
    const std::string text = address.substr(query + 1);
    const auto equals = text.find('=');
    request.query.emplace_back(
        uri_decode(text.substr(0, equals)),
        equals == std::string::npos ? "" : uri_decode(text.substr(equals + 1)));
  }
  return request;
}

bool is_own_agent(const std::string& host) {
  static constexpr std::array kHosts{
      "localhost",
      "169.254.170.2",
      "169.254.170.23",
      "[fd00:ec2::23]",
      "[::1]"};
  const auto bracket = host.find(']');
  const std::string name = bracket != std::string::npos
                               ? host.substr(0, bracket + 1)
                               : host.substr(0, host.find(':'));
  return name.starts_with("127.") ||
         std::find(kHosts.begin(), kHosts.end(), name) != kHosts.end();
}

std::string container_token(const Environment& environment) {
  std::string token;
  if (const auto path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    token = read_file(*path);
    while (token.ends_with('\n') || token.ends_with('\r')) {
      token.pop_back();
    }
  } else {
    token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  }
  NADIR_CHECK(
      token.find_first_of("\r\n") == std::string::npos,
      "the container's authorization token holds a line break, and is not "
      "sent");
  return token;
}

// The answer's body, or nothing where there is no such service.
std::optional<HttpResponse> ask(
    const HttpClient& http, const HttpRequest& request) {
  try {
    return http.send(request);
  } catch (const HttpFailure&) {
    return std::nullopt;
  }
}

// The metadata service of an instance, asked once for its token.
class InstanceMetadata {
 public:
  explicit InstanceMetadata(const Environment& environment)
      : http_(short_lived(kInstanceTimeout)) {
    const bool is_v6 =
        environment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").value_or("") ==
        "ipv6";
    endpoint_ = parse_endpoint(
        environment("AWS_EC2_METADATA_SERVICE_ENDPOINT")
            .value_or(is_v6 ? kInstanceHostV6 : kInstanceHost),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    HttpRequest request;
    request.method = "PUT";
    request.endpoint = endpoint_;
    request.path = "/latest/api/token";
    request.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    const auto answer = ask(http_, request);
    is_there_ = answer.has_value();
    if (answer && answer->status == kOk) {
      token_ = answer->body;
    }
  }

  [[nodiscard]] std::optional<std::string> get(const std::string& path) const {
    if (!is_there_) {
      return std::nullopt;
    }
    HttpRequest request;
    request.endpoint = endpoint_;
    request.path = path;
    if (!token_.empty()) {
      request.headers = {{kInstanceToken, token_}};
    }
    auto answer = ask(http_, request);
    if (!answer || answer->status != kOk) {
      return std::nullopt;
    }
    return std::move(answer->body);
  }

 private:
  HttpClient http_;
  Endpoint endpoint_;
  bool is_there_ = false;
  std::string token_;
};

bool is_metadata_disabled(const Environment& environment) {
  const auto text = environment("AWS_EC2_METADATA_DISABLED").value_or("");
  return text == "true" || text == "True" || text == "TRUE";
}

Credentials ask_sts(
    const HttpClient& http,
    const HttpRequest& request,
    const std::string& what) {
  HttpResponse response;
  try {
    response = http.send(request);
  } catch (const HttpFailure& failure) {
    fail(
        ErrorCode::kIo,
        "{}: {} could not be asked: {}",
        what,
        request.endpoint.text(),
        failure.what());
  }
  if (response.status != kOk) {
    fail_refused(what, parse_refusal(response));
  }
  pugi::xml_document document;
  document.load_buffer(response.body.data(), response.body.size());
  const auto node = document.find_node([](const pugi::xml_node& one) {
    return std::string_view(one.name()) == "Credentials";
  });
  Credentials credentials;
  credentials.access_key_id = node.child_value("AccessKeyId");
  credentials.secret_access_key = node.child_value("SecretAccessKey");
  credentials.session_token = node.child_value("SessionToken");
  credentials.expires = parse_iso_time(node.child_value("Expiration"));
  credentials.source = what;
  NADIR_CHECK(
      !credentials.secret_access_key.empty() && credentials.expires,
      "{}: the answer holds no credentials",
      what);
  return credentials;
}

HttpRequest sts_request(const Endpoint& sts, Query form) {
  HttpRequest request;
  request.method = "POST";
  request.endpoint = sts;
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  form.emplace_back("Version", "2011-06-15");
  request.body = query_text(form);
  return request;
}

}  // namespace

std::optional<Credentials> container_credentials(
    const Environment& environment) {
  const auto relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) {
    return std::nullopt;
  }
  const std::string address = relative ? kContainerHost + *relative : *full;
  auto request = get_request(address, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  NADIR_CHECK(
      request.endpoint.scheme == "https" || is_own_agent(request.endpoint.host),
      "AWS_CONTAINER_CREDENTIALS_FULL_URI '{}': plain http is allowed to this "
      "host and the agents of ECS and EKS only",
      address);
  const std::string token = container_token(environment);
  if (!token.empty()) {
    request.headers = {{"authorization", token}};
  }
  const HttpClient http(short_lived(kContainerTimeout));
  const std::string source = "the container's credentials at " + address;
  std::string reason;
  for (int attempt = 1; attempt <= kContainerTries; ++attempt) {
    try {
      const auto response = http.send(request);
      if (response.status == kOk) {
        return parse_credentials(response.body, source);
      }
      reason = fmt::format("HTTP status {}", response.status);
      if (!is_worth_retrying(response.status, "")) {
        break;
      }
    } catch (const HttpFailure& failure) {
      reason = failure.what();
    }
    wait_for_retry(retry_wait({}, attempt));
  }
  fail(ErrorCode::kIo, "{} could not be had: {}", source, reason);
}

std::optional<Credentials> instance_credentials(
    const Environment& environment) {
  if (is_metadata_disabled(environment)) {
    return std::nullopt;
  }
  const InstanceMetadata metadata(environment);
  const auto roles = metadata.get(kRolePath);
  if (!roles || roles->empty()) {
    return std::nullopt;
  }
  const std::string role = roles->substr(0, roles->find('\n'));
  const auto text = metadata.get(kRolePath + uri_encode(role));
  if (!text) {
    return std::nullopt;
  }
  return parse_credentials(*text, "the instance's role " + role);
}

std::optional<std::string> instance_region(const Environment& environment) {
  if (is_metadata_disabled(environment)) {
    return std::nullopt;
  }
  return InstanceMetadata(environment)
      .get("/latest/meta-data/placement/region");
}

Credentials web_identity_credentials(
    const Endpoint& sts,
    const HttpClient& http,
    const AssumedRole& role,
    const std::string& token_file) {
  return ask_sts(
      http,
      sts_request(
          sts,
          {{"Action", "AssumeRoleWithWebIdentity"},
           {"RoleArn", role.role_arn},
           {"RoleSessionName", role.session_name},
           {"WebIdentityToken", read_file(token_file)}}),
      role.source);
}

Credentials assumed_credentials(
    const Endpoint& sts,
    const std::string& region,
    const HttpClient& http,
    const AssumedRole& role,
    const Credentials& by) {
  Query form{
      {"Action", "AssumeRole"},
      {"RoleArn", role.role_arn},
      {"RoleSessionName", role.session_name}};
  if (!role.external_id.empty()) {
    form.emplace_back("ExternalId", role.external_id);
  }
  auto request = sts_request(sts, std::move(form));
  SigningScope scope;
  scope.region = region;
  scope.service = "sts";
  sign(request, by, scope);
  return ask_sts(http, request, role.source);
}

}  // namespace nadir::aws
