// The room's signatures and calls, for the Python tests beside:
//   aws_probe sign            requests as lines of JSON, their signatures out
//   aws_probe training-jobs   SageMaker ListTrainingJobs, as JSON
//   aws_probe account         STS GetCallerIdentity
//   aws_probe role-arn NAME   IAM GetRole
#include <cstdio>
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "aws/json_service.h"
#include "aws/query_service.h"
#include "aws/session.h"
#include "aws/signature.h"
#include "core/error.h"
#include "core/json.h"

namespace {

namespace aws = nadir::aws;
using nlohmann::json;

std::vector<std::pair<std::string, std::string>> pairs_of(const json& list) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& pair : list) {
    pairs.emplace_back(pair.at(0), pair.at(1));
  }
  return pairs;
}

std::string authorization_for(const json& given) {
  aws::HttpRequest request;
  request.method = given.at("method");
  request.endpoint = aws::parse_endpoint(given.at("endpoint"), "endpoint");
  request.path = given.at("path");
  // Percent-encoded, since JSON holds no odd bytes.
  for (const auto& [name, value] : pairs_of(given.at("query"))) {
    request.query.emplace_back(aws::uri_decode(name), aws::uri_decode(value));
  }
  request.headers = pairs_of(given.at("headers"));
  request.body = aws::uri_decode(given.at("body").get<std::string>());
  aws::Credentials credentials;
  credentials.access_key_id = given.at("key");
  credentials.secret_access_key = given.at("secret");
  credentials.session_token = given.at("token");
  aws::SigningScope scope;
  scope.region = given.at("region");
  scope.service = given.at("service");
  scope.time = *aws::parse_iso_time(given.at("time"));
  scope.payload_hash = given.at("payload_hash");
  aws::sign(request, credentials, scope);
  return request.headers.back().second;
}

void sign_lines() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << authorization_for(nadir::parse_json(line)) << '\n';
  }
}

void run(const std::string& what, const std::string& name) {
  if (what == "sign") {
    sign_lines();
    return;
  }
  const auto session = std::make_shared<const aws::Session>(
      aws::SessionOptions{}, nadir::process_environment());
  if (what == "training-jobs") {
    const auto answer = aws::JsonService(session, aws::Service::kSageMaker)
                            .call("ListTrainingJobs", {{"MaxResults", 10}});
    std::cout << nadir::json_text(answer) << '\n';
  } else if (what == "account") {
    std::cout << aws::caller_account(*session) << '\n';
  } else {
    std::cout << aws::role_arn(*session, name) << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs(
        "usage: aws_probe sign|training-jobs|account|role-arn\n", stderr);
    return 2;
  }
  try {
    run(argv[1], argc > 2 ? argv[2] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "aws_probe: %s\n", error.what());
    return 1;
  }
  return 0;
}
