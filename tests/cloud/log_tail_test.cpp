// Log lines over several streams and several calls: each once, in order of
// time.
#include "cloud/log_tail.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "aws/service_error.h"
#include "cloud/job_metrics.h"
#include "cloud/job_record.h"
#include "core/error.h"
#include "core/file.h"

namespace nadir::cloud {
namespace {

using nlohmann::json;

// CloudWatch Logs with pages of two events, an empty first page, and the same
// token at the end.
class LogService {
 public:
  void add(const std::string& stream, int64_t time_ms, const char* text) {
    streams_[stream].push_back({{"timestamp", time_ms}, {"message", text}});
  }

  [[nodiscard]] Api api() {
    return [this](const std::string& operation, const json& request) {
      return operation == "DescribeLogStreams" ? describe(request)
                                               : events(request);
    };
  }

 private:
  json describe(const json& request) {
    if (streams_.empty()) {
      throw aws::ServiceError(
          ErrorCode::kInvalidArgument,
          "no group",
          400,
          "ResourceNotFoundException",
          "The specified log group does not exist.");
    }
    json found = json::array();
    for (const auto& [name, events] : streams_) {
      if (name.starts_with(
              request.at("logStreamNamePrefix").get<std::string>())) {
        found.push_back({{"logStreamName", name}});
      }
    }
    return {{"logStreams", found}, {"nextToken", nullptr}};
  }

  json events(const json& request) {
    json all = json::array();
    for (const auto& event :
         streams_.at(request.at("logStreamName").get<std::string>())) {
      if (event["timestamp"] >= request.at("startTime")) {
        all.push_back(event);
      }
    }
    const bool is_first = !request.contains("nextToken");
    const size_t start =
        is_first ? 0 : std::stoul(request["nextToken"].get<std::string>());
    json page = json::array();
    for (size_t i = start; i < all.size() && page.size() < 2 && !is_first;
         ++i) {
      page.push_back(all[i]);
    }
    return {
        {"events", page},
        {"nextForwardToken", std::to_string(start + page.size())}};
  }

  std::map<std::string, std::vector<json>> streams_;
};

std::string texts_of(const std::vector<LogLine>& lines) {
  std::string texts;
  for (const auto& line : lines) {
    texts += line.text;
  }
  return texts;
}

TEST(LogTail, MergesStreamsByTimeAndGivesEachLineOnce) {
  LogService service;
  LogTail tail(service.api(), JobKind::kTraining, "job");
  EXPECT_TRUE(tail.read().empty());  // no group yet
  service.add("job/algo-1-7", 10, "a");
  service.add("job/algo-2-7", 11, "b");
  service.add("job/algo-1-7", 12, "c");
  service.add("job/algo-1-7", 12, "d");
  service.add("job-2/algo-1-7", 10, "another job's");
  const auto lines = tail.read();
  EXPECT_EQ(texts_of(lines), "abcd");
  EXPECT_EQ(lines[1].host(), "algo-2");
  EXPECT_EQ(texts_of(tail.read()), "");
  service.add("job/algo-1-7", 12, "e");  // the same millisecond
  service.add("job/algo-2-7", 20, "f");
  EXPECT_EQ(texts_of(tail.read()), "ef");
}

TEST(LogTail, GoesOnFromAKeptPosition) {
  const TemporaryFolder folder;
  const JobRecords records(folder.path());
  LogService service;
  for (int i = 0; i < 7; ++i) {
    service.add("job/algo-1-7", 10 + i / 3, "x");
  }
  LogTail first(service.api(), JobKind::kTraining, "job");
  EXPECT_EQ(first.read().size(), 7);
  records.write_positions("job", first.positions());
  service.add("job/algo-1-7", 12, "y");
  service.add("job/algo-1-9", 11, "z");  // another container, after a restart
  const auto positions = records.read_positions("job");
  EXPECT_EQ(positions, first.positions());
  LogTail second(service.api(), JobKind::kTraining, "job", positions);
  EXPECT_EQ(texts_of(second.read()), "zy");
}

TEST(JobRecords, KeepWhatAJobMade) {
  const TemporaryFolder folder;
  const JobRecords records(folder.path() / "jobs");
  EXPECT_FALSE(records.read("a"));
  JobRecord record;
  record.name = "a";
  record.task = "predict";
  record.kind = JobKind::kTransform;
  record.model_name = "a";
  record.prefixes = {"s3://b/out/a/"};
  records.write(record);
  const auto read = records.read("a");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, JobKind::kTransform);
  EXPECT_EQ(read->prefixes, record.prefixes);
  write_file(folder.path() / "jobs" / "b.json", "{}");
  EXPECT_THROW((void)records.read("b"), Error);
  EXPECT_THROW((void)records.read("../b"), Error);
  records.remove("a");
  EXPECT_FALSE(records.read("a"));
  // A damaged position is no reason not to read.
  write_file(folder.path() / "jobs" / "a.logs.json", "[");
  EXPECT_TRUE(records.read_positions("a").empty());
}

TEST(MetricReader, TakesTheGroupsNumbers) {
  const MetricReader reader({{"loss", "loss=([0-9.e+-]+)"}, {"bad", "(["}});
  std::vector<MetricPoint> points;
  for (const char* text :
       {"step=1 loss=8.5", "nothing", "loss=2e-1 x", "loss=-"}) {
    for (const auto& point : reader.read({7, "s", text})) {
      points.push_back(point);
    }
  }
  const auto all = summarize(points);
  ASSERT_EQ(all.size(), 1);
  EXPECT_EQ(all[0].count, 2);
  EXPECT_DOUBLE_EQ(all[0].first, 8.5);
  EXPECT_DOUBLE_EQ(all[0].last, 0.2);
  EXPECT_DOUBLE_EQ(all[0].least, 0.2);
}

}  // namespace
}  // namespace nadir::cloud
