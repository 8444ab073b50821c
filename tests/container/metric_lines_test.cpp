#include "container/metric_lines.h"

#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/json.h"
#include "runs/metrics_writer.h"

namespace nadir::container {
namespace {

using nlohmann::json;

json step_record(int64_t step) {
  return {
      {"step", step},
      {"epoch", 0.5},
      {"loss", 5.25},
      {"lr", 1e-6},
      {"grad_norm", nullptr},
      {"images_per_s", 1234.5}};
}

// What a printer says, one line an item.
template <class Action>
std::string printed(const Action& action) {
  testing::internal::CaptureStdout();
  action();
  return testing::internal::GetCapturedStdout();
}

TEST(MetricDefinitions, KeepSagemakersLimits) {
  const auto definitions = metric_definitions();
  EXPECT_LE(definitions.size(), 40);
  std::set<std::string> names;
  for (const auto& [name, regex] : definitions) {
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_LE(name.size(), 255);
    EXPECT_LE(regex.size(), 500);
    EXPECT_EQ(std::regex(regex).mark_count(), 1) << regex;
  }
  EXPECT_TRUE(names.contains("train:loss"));
  EXPECT_TRUE(names.contains("eval:knn"));
}

TEST(MetricDefinitions, FindTheNumbersOfTheLines) {
  std::string log;
  for (const auto& line : metric_lines(step_record(7))) {
    log += line + "\n";
  }
  for (const auto& line : metric_lines({{"step", 7}, {"knn_accuracy", 0.75}})) {
    log += line + "\n";
  }
  const std::map<std::string, double> expected = {
      {"train:loss", 5.25},
      {"train:lr", 1e-6},
      {"train:epoch", 0.5},
      {"train:images_per_s", 1234.5},
      {"eval:knn", 0.75}};
  std::map<std::string, double> found;
  for (const auto& [name, regex] : metric_definitions()) {
    std::smatch match;
    if (std::regex_search(log, match, std::regex(regex))) {
      found[name] = std::stod(match[1]);
    }
  }
  EXPECT_EQ(found, expected) << log;
}

TEST(MetricLines, SayNothingOfEvents) {
  EXPECT_TRUE(metric_lines({{"step", 3}, {"event", "checkpoint"}}).empty());
  EXPECT_TRUE(metric_lines({{"loss", 3.0}}).empty());
}

TEST(ScoreLine, IsTheWeightsOwn) {
  const json evaluation = {
      {"rows",
       {{{"features", "random weights"}, {"ap_macro", 0.1}},
        {{"features", "image statistics"}, {"ap_macro", 0.2}},
        {{"features", "last 4 blocks"}, {"ap_macro", 0.61}}}}};
  EXPECT_EQ(score_line("linear", evaluation), "eval_linear=0.61");
  EXPECT_EQ(score_line("linear", json::object()), std::nullopt);
  EXPECT_EQ(
      score_line(
          "knn",
          {{"rows",
            {{{"features", "x"},
              {"ap_macro", nullptr},
              {"accuracy_top1", 0.5}}}}}),
      "eval_knn=0.5");
}

TEST(MetricPrinter, PrintsWhatIsNewAndTheLastRecord) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "metrics.jsonl";
  MetricPrinter printer(file, std::chrono::hours(1));
  runs::MetricsWriter writer(file);
  const auto write = [&](const json& record) {
    writer.write(nlohmann::ordered_json(record));
  };
  write({{"step", 0}, {"event", "start"}, {"text", ""}});
  write(step_record(1));
  const auto first = printed([&] { printer.print_new(); });
  EXPECT_NE(first.find("train_loss=5.25 step=1\n"), std::string::npos);
  write(step_record(2));
  write({{"step", 2}, {"knn_accuracy", 0.5}});
  write(step_record(3));
  // Within the interval: scores alone.
  EXPECT_EQ(printed([&] { printer.print_new(); }), "eval_knn=0.5 step=2\n");
  const auto last = printed([&] { printer.finish(); });
  EXPECT_EQ(last.find("step=2"), std::string::npos);
  EXPECT_NE(last.find("train_loss=5.25 step=3\n"), std::string::npos);
  EXPECT_EQ(printed([&] { printer.finish(); }), "");
}

TEST(MetricPrinter, GoesOnWhereARunIsResumed) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "metrics.jsonl";
  {
    runs::MetricsWriter writer(file);
    for (int step = 1; step <= 5; ++step) {
      writer.write(nlohmann::ordered_json(step_record(step)));
    }
  }
  MetricPrinter printer(file, std::chrono::milliseconds(0));
  EXPECT_EQ(printed([&] { printer.print_new(); }), "");
  runs::MetricsWriter writer(file, 3);  // the last checkpoint's
  writer.write({{"step", 3}, {"event", "resume"}, {"text", ""}});
  writer.write(nlohmann::ordered_json(step_record(4)));
  const auto text = printed([&] { printer.print_new(); });
  EXPECT_NE(text.find("train_loss=5.25 step=4\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("step=3"), std::string::npos) << text;
}

}  // namespace
}  // namespace nadir::container
