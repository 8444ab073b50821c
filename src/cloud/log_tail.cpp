#include "cloud/log_tail.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "aws/service_error.h"

namespace nadir::cloud {
namespace {

using nlohmann::json;

constexpr int64_t kStreamsPerPage = 50;
constexpr int64_t kEventsPerPage = 10000;

std::string token_at(const json& answer, const char* key) {
  const auto found = answer.find(key);
  return found != answer.end() && found->is_string() ? found->get<std::string>()
                                                     : "";
}

// Before its first output a job has no streams, and maybe no group.
bool has_nothing_yet(const aws::ServiceError& error) {
  return error.service_code() == "ResourceNotFoundException";
}

}  // namespace

std::string LogLine::host() const {
  const std::string name = stream.substr(stream.rfind('/') + 1);
  return name.substr(0, name.rfind('-'));
}

LogTail::LogTail(
    Api logs,
    JobKind kind,
    const std::string& job,
    LogPositions positions,
    int64_t since_ms)
    : logs_(std::move(logs)),
      group_(log_group(kind)),
      prefix_(job + "/"),
      positions_(std::move(positions)),
      since_ms_(since_ms) {}

std::vector<std::string> LogTail::streams() const {
  std::vector<std::string> names;
  json request = {
      {"logGroupName", group_},
      {"logStreamNamePrefix", prefix_},
      {"orderBy", "LogStreamName"},
      {"limit", kStreamsPerPage}};
  try {
    while (true) {
      const json answer = logs_("DescribeLogStreams", request);
      for (const auto& one : answer.at("logStreams")) {
        names.push_back(one.at("logStreamName").get<std::string>());
      }
      const std::string next = token_at(answer, "nextToken");
      if (next.empty()) {
        return names;
      }
      request["nextToken"] = next;
    }
  } catch (const aws::ServiceError& error) {
    if (has_nothing_yet(error)) {
      return {};
    }
    throw;
  }
}

std::vector<LogLine> LogTail::read() {
  std::vector<LogLine> lines;
  for (const auto& stream : streams()) {
    read_stream(stream, lines);
  }
  std::stable_sort(
      lines.begin(), lines.end(), [](const auto& a, const auto& b) {
        return a.time_ms < b.time_ms;
      });
  return lines;
}

void LogTail::read_stream(
    const std::string& stream, std::vector<LogLine>& lines) {
  LogPosition& position = positions_[stream];
  int64_t num_to_skip = position.time_ms > 0 ? position.count : 0;
  const int64_t skipped_ms = position.time_ms;
  json request = {
      {"logGroupName", group_},
      {"logStreamName", stream},
      {"startFromHead", true},
      {"startTime", std::max(position.time_ms, since_ms_)},
      {"limit", kEventsPerPage}};
  // A page may be empty before the end: the end is where the token stays.
  for (std::string token;;) {
    const json answer = logs_("GetLogEvents", request);
    for (const auto& event : answer.at("events")) {
      const auto time_ms = event.at("timestamp").get<int64_t>();
      if (time_ms == skipped_ms && num_to_skip > 0) {
        --num_to_skip;
        continue;
      }
      if (time_ms == position.time_ms) {
        ++position.count;
      } else if (time_ms > position.time_ms) {
        position = {time_ms, 1};
      }
      lines.push_back(
          {time_ms, stream, event.at("message").get<std::string>()});
    }
    const std::string next = token_at(answer, "nextForwardToken");
    if (next.empty() || next == token) {
      return;
    }
    token = next;
    request["nextToken"] = token;
  }
}

}  // namespace nadir::cloud
