// One signed request to a service: sent, tried again, keys renewed, answers
// that are no success turned into errors.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "aws/http.h"
#include "aws/retry.h"
#include "aws/service_error.h"
#include "aws/session.h"

namespace nadir::aws {

struct Call {
  std::string name;  // for messages: "SageMaker CreateModel", "s3://b/key"
  Service service = Service::kS3;
  HttpRequest request{};
  std::string region{};        // "" for the session's
  std::string payload_hash{};  // as SigningScope has it
  // In place of request.body, without a copy; must outlive the call.
  std::string_view body{};
  // Takes the answer's body; begin() is called before each try.
  BodySink sink{};
  std::function<void()> begin{};
  // Says why a success is none, so that it is tried again: a body that does not
  // match its checksum, an error within a 200. "" accepts it.
  std::function<std::string(const HttpResponse&)> check{};
  // Answers that are the caller's to read: 404 of a HEAD ...
  std::function<bool(long status)> accepts{};
};

// The answer, with a status below 300 or one that `accepts` takes. Throws
// ServiceError, or Error{kIo} where the service cannot be reached or its
// answers stay broken after all tries.
[[nodiscard]] HttpResponse send_signed(
    const Session& session, const Call& call, const RetryPolicy& policy = {});

}  // namespace nadir::aws
