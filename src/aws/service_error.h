// What a service answered instead of a result, and what to do about it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "aws/http.h"
#include "core/error.h"

namespace nadir::aws {

// A service's answer that is no success. what() says which call, what the
// service said, and what to do next.
class ServiceError : public Error {
 public:
  ServiceError(
      ErrorCode code,
      const std::string& message,
      long http_status,
      std::string service_code,
      std::string service_message,
      std::string region = "")
      : Error(code, message),
        http_status_(http_status),
        service_code_(std::move(service_code)),
        service_message_(std::move(service_message)),
        region_(std::move(region)) {}

  [[nodiscard]] long http_status() const { return http_status_; }

  // Where a bucket lies, where another region was asked; else "".
  [[nodiscard]] const std::string& region() const { return region_; }

  // "ResourceInUse", "NoSuchKey"; "" where the answer has none.
  [[nodiscard]] const std::string& service_code() const {
    return service_code_;
  }

  [[nodiscard]] const std::string& service_message() const {
    return service_message_;
  }

 private:
  long http_status_;
  std::string service_code_;
  std::string service_message_;
  std::string region_;
};

// Code and message of an answer: JSON 1.1's, XML's, or the x-amzn-ErrorType
// header's; the status alone where the body is a page of something between.
struct Refusal {
  long status = 0;
  std::string code;
  std::string message;
  std::string region{};  // where the bucket lies, where that is the reason
};

[[nodiscard]] Refusal parse_refusal(const HttpResponse& response);

// Replaces these texts in the message: services repeat what they were sent,
// AWS's own the token within the "canonical string" of a wrong signature.
void hide_secrets(
    Refusal& refusal, std::initializer_list<std::string_view> secrets);

// Whether the keys have expired, so that fresh ones may help.
[[nodiscard]] bool is_expired(const Refusal& refusal);

// Throws ServiceError for the refusal of `call` ("SageMaker CreateTrainingJob",
// "s3://bucket/key"): kInvalidArgument for what the user can mend, kIo for the
// rest.
[[noreturn]] void fail_refused(const std::string& call, const Refusal& refusal);

}  // namespace nadir::aws
