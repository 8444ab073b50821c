#include "serve/answer.h"

#include <cstring>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "serve/npy.h"
#include "serve/server_metrics.h"

namespace nadir::serve {
namespace {

ModelInfo two_classes() {
  ModelInfo info;
  info.task = "multi_label";
  info.class_names = {"sea \"deep\"", "land"};
  info.thresholds = {0.5, 0.25};
  return info;
}

std::vector<ModelOutput> two_outputs() {
  return {
      {.labels = {"land"}, .probabilities = {0.1F, 0.3F}, .embedding = {}},
      {.labels = {}, .probabilities = {1e-9F, 0}, .embedding = {}}};
}

TEST(Answer, IsJsonWithThresholdsAndEveryClass) {
  const auto json =
      parse_json(render(AnswerFormat::kJson, two_classes(), two_outputs()));
  EXPECT_EQ(json["thresholds"]["land"], 0.25);
  ASSERT_EQ(json["predictions"].size(), 2);
  const auto& first = json["predictions"][0];
  EXPECT_EQ(first["labels"], nlohmann::json::array({"land"}));
  // The fewest digits, and the same float32 again.
  EXPECT_EQ(first["probabilities"]["sea \"deep\""].dump(), "0.1");
  EXPECT_EQ(
      json["predictions"][1]["probabilities"]["sea \"deep\""].get<float>(),
      1e-9F);
  EXPECT_FALSE(first.contains("embedding"));
}

TEST(Answer, IsALineAnImageOrNumbersAlone) {
  auto outputs = two_outputs();
  EXPECT_EQ(
      render(AnswerFormat::kJsonLines, two_classes(), outputs),
      "{\"labels\":[\"land\"],\"probabilities\":{\"sea \\\"deep\\\"\":0.1,"
      "\"land\":0.3}}\n"
      "{\"labels\":[],\"probabilities\":{\"sea \\\"deep\\\"\":1e-09,\"land\":"
      "0}}\n");
  outputs[0].embedding = outputs[1].embedding = {7.5F};
  EXPECT_EQ(
      render(AnswerFormat::kCsv, two_classes(), outputs),
      "0.1,0.3,7.5\n1e-09,0,7.5\n");
  const auto file = render(AnswerFormat::kNpy, two_classes(), outputs);
  const auto array = parse_npy(file);
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3}));
  const float wanted[] = {0.1F, 0.3F, 7.5F, 1e-9F, 0, 7.5F};
  EXPECT_EQ(std::memcmp(array.values, wanted, sizeof(wanted)), 0);
}

TEST(Answer, TakesItsFormatFromWhatIsAccepted) {
  constexpr auto kPreferred = AnswerFormat::kJsonLines;
  EXPECT_EQ(choose_format("", kPreferred), kPreferred);
  EXPECT_EQ(choose_format("*/*", kPreferred), kPreferred);
  EXPECT_EQ(choose_format("application/json", kPreferred), AnswerFormat::kJson);
  EXPECT_EQ(
      choose_format("image/png, Text/CSV; q=0.5, */*", kPreferred),
      AnswerFormat::kCsv);
  EXPECT_EQ(
      choose_format("text/csv;q=0, application/x-npy", kPreferred),
      AnswerFormat::kNpy);
  EXPECT_EQ(choose_format("text/html", kPreferred), std::nullopt);
}

TEST(ServerMetrics, AreCountersGaugesAndCumulativeBuckets) {
  using std::chrono::milliseconds;
  ServerMetrics metrics;
  metrics.count_request("/invocations", 200, 10, 20, milliseconds(30));
  metrics.count_request("/invocations", 200, 10, 20, milliseconds(3));
  metrics.count_request("/invocations", 429, 10, 5, milliseconds(1));
  metrics.count_batch(3);
  const auto text = metrics.text({.queued_images = 4});
  for (const char* line :
       {"nadir_requests_total{route=\"/invocations\",status=\"200\"} 2\n",
        "nadir_requests_total{route=\"/invocations\",status=\"429\"} 1\n",
        "nadir_invocation_seconds_bucket{le=\"0.005\"} 1\n",
        "nadir_invocation_seconds_bucket{le=\"0.05\"} 2\n",
        "nadir_invocation_seconds_bucket{le=\"+Inf\"} 2\n",
        "nadir_invocation_seconds_count 2\n",
        "nadir_batch_images_bucket{le=\"2\"} 0\n",
        "nadir_batch_images_bucket{le=\"4\"} 1\n",
        "nadir_images_total 3\n",
        "nadir_request_bytes_total 30\n",
        "nadir_queued_images 4\n",
        "# TYPE nadir_queued_images gauge\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

}  // namespace
}  // namespace nadir::serve
