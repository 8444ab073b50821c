#include "aws/json_service.h"

#include <nlohmann/json.hpp>

#include "aws/call.h"
#include "core/json.h"

namespace nadir::aws {

JsonService::JsonService(
    std::shared_ptr<const Session> session, Service service, RetryPolicy retry)
    : session_(std::move(session)), service_(service), retry_(retry) {}

nlohmann::json JsonService::call(
    const std::string& operation, const nlohmann::json& request) const {
  const std::string prefix =
      service_ == Service::kLogs ? "Logs_20140328." : "SageMaker.";
  Call call;
  call.name = name_of(service_) + " " + operation;
  call.service = service_;
  call.request.method = "POST";
  call.request.endpoint = session_->endpoint(service_);
  call.request.headers = {
      {"content-type", "application/x-amz-json-1.1"},
      {"x-amz-target", prefix + operation}};
  call.request.body = json_text(request);
  nlohmann::json answer;
  call.check = [&](const HttpResponse& response) -> std::string {
    if (response.body.empty()) {
      answer = nullptr;
      return "";
    }
    answer = parse_json_or_discard(response.body);
    return answer.is_object()
               ? ""
               : "the answer is no JSON object: is this the service's address?";
  };
  (void)send_signed(*session_, call, retry_);
  return answer;
}

}  // namespace nadir::aws
