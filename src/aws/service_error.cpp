#include "aws/service_error.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "core/json.h"

namespace nadir::aws {
namespace {

// "com.amazonaws#ResourceInUse:http://..." is "ResourceInUse".
std::string bare_code(std::string code) {
  code = code.substr(0, code.find(':'));
  const auto hash = code.rfind('#');
  return hash == std::string::npos ? code : code.substr(hash + 1);
}

std::string text_member(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : "";
}

void read_json(const nlohmann::json& json, Refusal& refusal) {
  refusal.code = bare_code(text_member(json, "__type"));
  refusal.message = text_member(json, "message");
  if (refusal.message.empty()) {
    refusal.message = text_member(json, "Message");
  }
  for (const char* key : {"code", "Code"}) {
    if (refusal.code.empty()) {
      refusal.code = bare_code(text_member(json, key));
    }
  }
}

// <Error> of S3, <ErrorResponse><Error> of the query protocol.
void read_xml(const std::string& body, Refusal& refusal) {
  pugi::xml_document document;
  if (!document.load_buffer(body.data(), body.size())) {
    return;
  }
  const auto error = document.find_node([](const pugi::xml_node& node) {
    return std::string_view(node.name()) == "Error";
  });
  refusal.code = error.child_value("Code");
  refusal.message = error.child_value("Message");
  if (refusal.region.empty()) {
    refusal.region = error.child_value("Region");
  }
}

bool is_one_of(
    const std::string& code, std::initializer_list<const char*> codes) {
  return std::any_of(
      codes.begin(), codes.end(), [&](const char* one) { return code == one; });
}

constexpr long kForbidden = 403;

// What the user can do about it; "" where only the message itself tells.
struct Advice {
  ErrorCode code = ErrorCode::kIo;
  std::string text;
};

Advice advice_for(const Refusal& refusal) {
  const auto& code = refusal.code;
  if (is_expired(refusal)) {
    return {
        ErrorCode::kInvalidArgument,
        "the credentials have expired: sign in again (aws sso login, or fresh "
        "keys), then run the same command"};
  }
  if (is_one_of(
          code,
          {"InvalidClientTokenId",
           "UnrecognizedClientException",
           "InvalidAccessKeyId",
           "InvalidToken"})) {
    return {
        ErrorCode::kInvalidArgument,
        "the service does not know these keys: check AWS_ACCESS_KEY_ID, "
        "AWS_SESSION_TOKEN and --profile"};
  }
  if (is_one_of(code, {"SignatureDoesNotMatch", "InvalidSignatureException"})) {
    return {
        ErrorCode::kInvalidArgument,
        "the secret key does not belong to the key, or this host's clock is "
        "more than 5 minutes off"};
  }
  if (is_one_of(code, {"RequestTimeTooSkewed", "RequestExpired"})) {
    return {ErrorCode::kInvalidArgument, "set this host's clock"};
  }
  if (is_one_of(
          code,
          {"AuthorizationHeaderMalformed",
           "PermanentRedirect",
           "IllegalLocationConstraintException"}) ||
      !refusal.region.empty()) {
    return {
        ErrorCode::kInvalidArgument,
        refusal.region.empty()
            ? "the bucket lies in another region: give --region"
            : "the bucket lies in " + refusal.region + ": give --region " +
                  refusal.region};
  }
  if (code == "NoSuchBucket") {
    return {
        ErrorCode::kNotFound,
        "check the bucket's name, or make it (aws s3 mb s3://BUCKET)"};
  }
  if (is_one_of(code, {"AccessDenied", "AccessDeniedException", "Forbidden"}) ||
      refusal.status == kForbidden) {
    return {
        ErrorCode::kInvalidArgument,
        "these credentials may not do that: the policy in docs/sagemaker.md "
        "names what is needed; nadir doctor --aws says who you are"};
  }
  if (is_one_of(code, {"NoSuchKey", "NotFound", "NoSuchUpload"})) {
    return {ErrorCode::kNotFound, "check the name"};
  }
  return {
      refusal.status >= 500 ? ErrorCode::kIo : ErrorCode::kInvalidArgument, ""};
}

}  // namespace

Refusal parse_refusal(const HttpResponse& response) {
  Refusal refusal;
  refusal.status = response.status;
  refusal.region = response.header("x-amz-bucket-region");
  const auto json = parse_json_or_discard(response.body);
  if (json.is_object()) {
    read_json(json, refusal);
  } else {
    read_xml(response.body, refusal);
  }
  if (refusal.code.empty()) {
    refusal.code = bare_code(response.header("x-amzn-errortype"));
  }
  // A region counts only where it is the reason: S3 names it in every answer.
  const bool is_redirect = response.status == 301 || response.status == 307 ||
                           refusal.code == "AuthorizationHeaderMalformed" ||
                           refusal.code == "PermanentRedirect" ||
                           (refusal.code.empty() && response.status == 400);
  if (!is_redirect) {
    refusal.region.clear();
  }
  return refusal;
}

void hide_secrets(
    Refusal& refusal, std::initializer_list<std::string_view> secrets) {
  auto& text = refusal.message;
  for (const auto secret : secrets) {
    if (secret.empty()) {
      continue;
    }
    for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) {
      text.replace(at, secret.size(), "***");
      at += 3;
    }
  }
}

bool is_expired(const Refusal& refusal) {
  return is_one_of(
      refusal.code,
      {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"});
}

void fail_refused(const std::string& call, const Refusal& refusal) {
  const Advice advice = advice_for(refusal);
  std::string said = refusal.code.empty()
                         ? fmt::format("HTTP status {}", refusal.status)
                         : refusal.code;
  if (!refusal.message.empty()) {
    said += ": " + refusal.message;
  }
  throw ServiceError(
      advice.code,
      fmt::format(
          "{}: {}{}{}",
          call,
          said,
          advice.text.empty() ? "" : "; ",
          advice.text),
      refusal.status,
      refusal.code,
      refusal.message,
      refusal.region);
}

}  // namespace nadir::aws
