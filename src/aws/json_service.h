// Services that speak JSON 1.1: SageMaker and CloudWatch Logs.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "aws/retry.h"
#include "aws/service_error.h"
#include "aws/session.h"

namespace nadir::aws {

class JsonService {
 public:
  JsonService(
      std::shared_ptr<const Session> session,
      Service service,
      RetryPolicy retry = {});

  // The answer to one operation, such as "CreateTrainingJob"; null where it is
  // empty. What may pass is tried again; expired keys are renewed once. Throws
  // ServiceError, or Error{kIo} where the service cannot be reached.
  // Thread-safe.
  [[nodiscard]] nlohmann::json call(
      const std::string& operation, const nlohmann::json& request) const;

 private:
  std::shared_ptr<const Session> session_;
  Service service_;
  RetryPolicy retry_;
};

}  // namespace nadir::aws
