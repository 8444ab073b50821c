#include "aws/credentials_hosts.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <sstream>
#include <string_view>

#include <pugixml.hpp>

#include "aws/retry.h"
#include "aws/service_error.h"
#include "core/error.h"
#include "core/file.h"

namespace nadir::aws {
namespace {

constexpr long kOk = 200;
constexpr int kTries = 3;
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
  options.uses_proxy = false;  // keys are nobody's in between
  return options;
}

// An address with its path, as the agents' variables have it.
HttpRequest get_request(const std::string& address, const std::string& what) {
  HttpRequest request;
  const auto query = std::min(address.find('?'), address.size());
  const std::string front = address.substr(0, query);
  request.endpoint = parse_endpoint(front, what);
  request.endpoint.path.clear();
  const auto slash = front.find('/', front.find("://") + 3);
  request.path = slash == std::string::npos ? "/" : front.substr(slash);
  std::istringstream pairs(address.substr(std::min(query + 1, address.size())));
  for (std::string pair; std::getline(pairs, pair, '&');) {
    const auto equals = std::min(pair.find('='), pair.size());
    request.query.emplace_back(
        uri_decode(pair.substr(0, equals)),
        uri_decode(pair.substr(std::min(equals + 1, pair.size()))));
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
  // An address, not a name such as 127.example.com.
  const bool is_loopback =
      name.starts_with("127.") &&
      name.find_first_not_of("0123456789.") == std::string::npos;
  return is_loopback ||
         std::find(kHosts.begin(), kHosts.end(), name) != kHosts.end();
}

// A file's token, without the line break at its end.
std::string token_in(const std::string& path) {
  std::string token = read_file(path);
  while (token.ends_with('\n') || token.ends_with('\r')) {
    token.pop_back();
  }
  return token;
}

std::string container_token(const Environment& environment) {
  std::string token;
  if (const auto path = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    token = token_in(*path);
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

bool is_true(const Environment& environment, const char* variable) {
  const auto text = environment(variable).value_or("");
  return text == "true" || text == "True" || text == "TRUE";
}

bool is_metadata_disabled(const Environment& environment) {
  return is_true(environment, "AWS_EC2_METADATA_DISABLED");
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
    if (answer && answer->status == kOk) {
      token_ = answer->body;
    }
    is_there_ =
        answer && (!token_.empty() ||
                   !is_true(environment, "AWS_EC2_METADATA_V1_DISABLED"));
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

// The answer, whatever its status, once it is none that may pass. Throws
// HttpFailure where there is none.
HttpResponse send_patiently(
    const HttpClient& http, const HttpRequest& request) {
  for (int attempt = 1;; ++attempt) {
    const bool is_last = attempt >= kTries;
    try {
      auto response = http.send(request);
      const bool may_pass =
          response.status != kOk &&
          is_worth_retrying(response.status, parse_refusal(response).code);
      if (!may_pass || is_last) {
        return response;
      }
    } catch (const HttpFailure&) {
      if (is_last) {
        throw;
      }
    }
    wait_for_retry(retry_wait({}, attempt));
  }
}

// Keys from STS. `secrets` are what the request held, and a refusal may repeat.
Credentials ask_sts(
    const HttpClient& http,
    const HttpRequest& request,
    const std::string& what,
    std::initializer_list<std::string_view> secrets) {
  HttpResponse response;
  try {
    response = send_patiently(http, request);
  } catch (const HttpFailure& failure) {
    fail(
        ErrorCode::kIo,
        "{}: {} could not be asked: {}",
        what,
        request.endpoint.text(),
        failure.what());
  }
  if (response.status != kOk) {
    auto refusal = parse_refusal(response);
    hide_secrets(refusal, secrets);
    fail_refused(what, refusal);
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
  if (credentials.access_key_id.empty() ||
      credentials.secret_access_key.empty() || !credentials.expires) {
    fail(
        ErrorCode::kIo,
        "{}: the answer of {} holds no credentials; is this the address of "
        "STS?",
        what,
        request.endpoint.text());
  }
  return credentials;
}

Query role_form(const char* action, const AssumedRole& role) {
  Query form{
      {"Action", action},
      {"RoleArn", role.role_arn},
      {"RoleSessionName", role.session_name}};
  if (!role.duration_s.empty()) {
    form.emplace_back("DurationSeconds", role.duration_s);
  }
  return form;
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
  NADIR_CHECK(
      !relative || relative->starts_with('/'),
      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI '{}' does not begin with a slash",
      *relative);
  auto request = get_request(
      relative ? kContainerHost + *relative : *full,
      relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
               : "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const std::string address = request.endpoint.text() + request.path;
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
  try {
    const auto response = send_patiently(http, request);
    if (response.status == kOk) {
      return parse_credentials(response.body, source);
    }
    reason = fmt::format("HTTP status {}", response.status);
  } catch (const HttpFailure& failure) {
    reason = failure.what();
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
  auto region =
      InstanceMetadata(environment).get("/latest/meta-data/placement/region");
  while (region && region->ends_with('\n')) {
    region->pop_back();
  }
  return region;
}

Credentials web_identity_credentials(
    const Endpoint& sts,
    const HttpClient& http,
    const AssumedRole& role,
    const std::string& token_file) {
  const std::string token = token_in(token_file);
  Query form = role_form("AssumeRoleWithWebIdentity", role);
  form.emplace_back("WebIdentityToken", token);
  return ask_sts(http, sts_request(sts, std::move(form)), role.source, {token});
}

Credentials assumed_credentials(
    const Endpoint& sts,
    const std::string& region,
    const HttpClient& http,
    const AssumedRole& role,
    const Credentials& by) {
  Query form = role_form("AssumeRole", role);
  if (!role.external_id.empty()) {
    form.emplace_back("ExternalId", role.external_id);
  }
  auto request = sts_request(sts, std::move(form));
  SigningScope scope;
  scope.region = region;
  scope.service = "sts";
  sign(request, by, scope);
  return ask_sts(
      http, request, role.source, {by.secret_access_key, by.session_token});
}

}  // namespace nadir::aws
