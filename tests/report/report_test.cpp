#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "report/html_report.h"
#include "report/summary.h"
#include "runs/metrics_writer.h"
#include "runs/run_folder.h"

namespace nadir::report {
namespace {

namespace fs = std::filesystem;

class ReportTest : public testing::Test {
 protected:
  // A finished run of `num_steps` steps in a folder of its own.
  fs::path make_run(
      const std::string& name, int num_steps, double temp = 0.04) const {
    auto run = runs::RunFolder::create(folder_.path() / name);
    run.write_config(fmt::format(
        "out = \"{}\"\n[head]\nout_dim = 4096\n[loss]\nteacher_temp = {}\n",
        name,
        temp));
    run.write_provenance({});
    runs::RunStatus status;
    status.state = runs::RunState::kFinished;
    status.step = num_steps;
    status.total_steps = num_steps;
    run.write_status(status);
    runs::MetricsWriter metrics(run.paths().metrics);
    for (int step = 1; step <= num_steps; ++step) {
      metrics.write(
          {{"step", step},
           {"epoch", step / 10.0},
           {"loss", 8 - 3.0 * step / num_steps},
           {"teacher_entropy", 4.0},
           {"kl", 1.0}});
    }
    return run.paths().root;
  }

  [[nodiscard]] std::string page_of(const std::vector<fs::path>& paths) const {
    std::vector<std::string> names;
    for (const auto& path : paths) {
      names.push_back(path.string());
    }
    return html_report(read_runs(names));
  }

  static std::string error_of(ErrorCode code, const fs::path& path) {
    try {
      (void)read_run(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    return "(nothing thrown)";
  }

  const TemporaryFolder folder_;
};

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST_F(ReportTest, APageAsksNothingOfTheNetwork) {
  const fs::path run = make_run("a", 50);
  write_file(run / "pictures/views.png", "PNG bytes");
  const std::string page = page_of({run});
  for (const char* word :
       {"http:", "https:", "//cdn", "<link", "@import", "src='", "url("}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(count(page, "src=\""), count(page, "src=\"data:image/png;base64,"));
  EXPECT_EQ(count(page, "UE5HIGJ5dGVz"), 1);  // the picture
  EXPECT_NE(page.find("ln K = 8.32"), std::string::npos);
}

TEST_F(ReportTest, HostileNamesAreText) {
  const std::string evil = "<script>alert('x')</script>";
  const fs::path run = make_run("<b onload=x>\"run\"", 30);
  write_file(
      run / "eval/knn.json",
      nlohmann::json({{"kind", evil},
                      {"task", evil},
                      {"rows",
                       {{{"features", evil},
                         {"ap_macro", 0.5},
                         {"per_class", {{{"name", evil}, {"ap", 0.5}}}}}}}})
          .dump());
  write_file(run / "config.toml", "x = \"" + evil + "\"\n");
  runs::MetricsWriter(run / "metrics.jsonl")
      .write({{"step", 30}, {"event", evil}, {"text", evil}});
  write_file(run / "pictures/<i>.png", "x");
  const std::string page = page_of({run, make_run("other", 5)});
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<b onload"), std::string::npos);
  EXPECT_EQ(page.find("<i>.png"), std::string::npos);
  EXPECT_EQ(count(page, "<script>"), 1);  // our own
}

TEST_F(ReportTest, RunsWithFewOrNoRecordsStillMakeAPage) {
  const fs::path none = make_run("none", 0);
  const fs::path one = make_run("one", 1);
  const fs::path nan = make_run("bad", 0);
  runs::MetricsWriter(nan / "metrics.jsonl")
      .write({{"step", 1}, {"epoch", 0.1}, {"loss", std::nan("")}});
  EXPECT_NE(page_of({none}).find("No losses yet"), std::string::npos);
  EXPECT_NE(page_of({one}).find("<svg"), std::string::npos);
  EXPECT_NE(page_of({nan}).find("The loss is not a number"), std::string::npos);
  const std::string all = page_of({none, one, nan});
  // No coordinate may be a NaN.
  EXPECT_EQ(all.find("nan "), std::string::npos);
  EXPECT_EQ(all.find("=nan"), std::string::npos);
  EXPECT_EQ(all.find("inf"), std::string::npos);
}

TEST_F(ReportTest, ComparesWhatWasSetDifferently) {
  const std::vector<std::string> paths = {
      make_run("a", 30, 0.04).string(), make_run("b", 30, 0.07).string()};
  const auto runs = read_runs(paths);
  const auto differences = config_differences(runs);
  ASSERT_EQ(differences.size(), 1U);  // not the output folder
  EXPECT_EQ(differences[0].key, "loss.teacher_temp");
  EXPECT_EQ(differences[0].values, (std::vector<std::string>{"0.04", "0.07"}));
  EXPECT_NE(html_report(runs).find("loss.teacher_temp"), std::string::npos);
}

TEST_F(ReportTest, RunsOfTheSameNameAreToldApartByTheirPaths) {
  const auto runs =
      read_runs({make_run("x/run", 2).string(), make_run("y/run", 2).string()});
  EXPECT_NE(runs[0].name, runs[1].name);
}

TEST_F(ReportTest, TheBestScoreAndTheRunsOwnApAreSummarised) {
  const fs::path run = make_run("a", 30);
  {
    runs::MetricsWriter metrics(run / "metrics.jsonl");
    metrics.write({{"step", 10}, {"epoch", 1}, {"knn_ap_macro", 0.4}});
    metrics.write({{"step", 20}, {"epoch", 2}, {"knn_ap_macro", 0.6}});
    metrics.write({{"step", 30}, {"epoch", 3}, {"knn_ap_macro", 0.55}});
  }
  write_file(run / "eval/linear.json", R"({"kind": "linear",
    "task": "multi_label", "rows": [
      {"features": "random weights", "ap_macro": 0.3, "ap_micro": null},
      {"features": "image statistics", "ap_macro": 0.9},
      {"features": "a", "ap_macro": 0.5, "ap_micro": 0.7,
       "accuracy_top1": null, "per_class": [
         {"name": "Forest", "ap": 0.5, "num_positives": 3},
         {"name": "Dunes", "ap": null, "num_positives": 0}]}]})");
  const RunSummary summary = summarise(read_run(run));
  EXPECT_EQ(summary.best_knn, 0.6);
  EXPECT_EQ(summary.best_knn_epoch, 2);
  EXPECT_EQ(summary.ap_macro, 0.5);
  EXPECT_EQ(summary.ap_micro, 0.7);
  EXPECT_TRUE(std::isnan(summary.accuracy));
  const auto json = json_summary({read_run(run)});
  EXPECT_EQ(json["runs"][0]["ap_macro"], 0.5);
  EXPECT_TRUE(json["runs"][0]["accuracy_top1"].is_null());
  const std::string page = page_of({run});
  for (const char* text : {"Dunes", "random weights", "image statistics"}) {
    EXPECT_NE(page.find(text), std::string::npos) << text;
  }
}

TEST_F(ReportTest, ALongRunMakesASmallPage) {
  const fs::path run = make_run("long", 0);
  std::string lines;
  for (int step = 1; step <= 100000; ++step) {
    lines += fmt::format(
        "{{\"step\":{},\"loss\":{}}}\n", step, 5 + std::sin(step * 0.1));
  }
  write_file(run / "metrics.jsonl", lines);
  EXPECT_LT(page_of({run}).size(), 80U << 10);
}

TEST_F(ReportTest, AMissingOrDamagedRunIsNamed) {
  const fs::path missing = folder_.path() / "missing";
  EXPECT_NE(
      error_of(ErrorCode::kNotFound, missing).find(missing.string()),
      std::string::npos);
  error_of(ErrorCode::kNotFound, folder_.path());  // a folder, but no run
  const std::vector<std::pair<std::string, std::string>> damages = {
      {"metrics.jsonl", "rubbish\n"},
      {"status.json", "{"},
      {"config.toml", "= 3"},
      {"provenance.json", "[]"},
      {"eval/knn.json", "{\"rows\": [{\"features\": 3}]}"}};
  for (const auto& [file, bytes] : damages) {
    const fs::path run =
        make_run("damaged-" + fs::path(file).stem().string(), 3);
    write_file(run / file, bytes);
    const std::string message = error_of(ErrorCode::kCorruptData, run);
    EXPECT_NE(message.find(run.string()), std::string::npos) << message;
    EXPECT_NE(message.find(file), std::string::npos) << message;
  }
}

// A killed process leaves "running" behind, which the report took for true.
TEST_F(ReportTest, ARunWhoseProcessIsGoneIsInterrupted) {
  const fs::path path = make_run("a", 3);
  auto status = parse_json(read_file(path / "status.json"));
  status["state"] = "running";
  write_file(path / "status.json", json_text(status));
  EXPECT_EQ(read_run(path).state(), "running");  // by this very process
  status["pid"] = 0x7FFFFFF0;                    // above any Linux limit
  write_file(path / "status.json", json_text(status));
  EXPECT_EQ(read_run(path).state(), "interrupted");
  status["host"] = "elsewhere";
  write_file(path / "status.json", json_text(status));
  EXPECT_EQ(read_run(path).state(), "running");  // who can tell
}

TEST_F(ReportTest, ACutLastLineIsNoDamage) {
  const fs::path run = make_run("a", 3);
  const std::string whole = read_file(run / "metrics.jsonl");
  write_file(run / "metrics.jsonl", whole.substr(0, whole.size() - 9));
  const report::Run read = read_run(run);
  EXPECT_EQ(read.num_records, 2);
  EXPECT_EQ(read.num_damaged, 1);
}

}  // namespace
}  // namespace nadir::report
