// `nadir bench scaling` with processes of its own, and what it refuses.
#include <csignal>
#include <map>

#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/world.h"

namespace nadir::cli {
namespace {

constexpr char kTiny[] =
    "bench scaling --arch vit_nano --patch-size 8 --out-dim 64 "
    "--head-hidden-dim 32 --head-bottleneck-dim 16 --global-crop-size 32 "
    "--local-crop-size 16 --local-crops-number 2 --batch-size 4 --tries 1 ";

Outcome bench(const std::string& more, ProcessOptions options = {}) {
  options.limit = std::chrono::seconds(400);
  return run_nadir(words_of(kTiny + more), options);
}

TEST(BenchScaling, MeasuresHereAndPredictsEightToFiveHundred) {
  const auto outcome = bench(
      "--json --timed-steps 2 --num-threads 1 --step-ms 100 "
      "--step-images 64");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.text();
  const auto json = outcome.json();
  const auto& measured = json["measured"];
  EXPECT_GT(measured["steps"][0]["step_ms"].get<double>(), 0);
  EXPECT_GT(measured["sums"][0]["gbyte_per_s"].get<double>(), 0);
  // All trained parameters travel, in float32; the prototypes' magnitudes are
  // frozen.
  EXPECT_EQ(
      measured["gradient_bytes"].get<double>(),
      4 * (measured["parameters"].get<double>() - 64));
  EXPECT_FALSE(measured.contains("loader_images_per_s"));
  EXPECT_TRUE(json["assumed"]["step_is_given"].get<bool>());
  EXPECT_NEAR(json["assumed"]["step_ms"].get<double>(), 100, 1e-6);
  const auto& predicted = json["predicted"];
  ASSERT_EQ(predicted.size(), 7U);
  double num_gpus = 8;
  double last = 1;
  for (const auto& row : predicted) {
    EXPECT_EQ(row["gpus"], num_gpus);
    for (const char* algorithm : {"ring", "tree", "hierarchical"}) {
      const auto& one = row[algorithm];
      const double step_ms = one["step_ms"];
      EXPECT_GT(step_ms, 100);
      EXPECT_NEAR(
          one["images_per_s"].get<double>(),
          num_gpus * 64 / step_ms * 1e3,
          1e-6 * num_gpus);
      EXPECT_NEAR(one["efficiency"].get<double>(), 100 / step_ms, 1e-9);
    }
    const double efficiency = row["ring"]["efficiency"];
    EXPECT_LT(efficiency, last);
    last = efficiency;
    num_gpus *= 2;
  }
}

TEST(BenchScaling, CheckComparesThreeNumbersOfProcesses) {
  // Steps of milliseconds: only that what is said holds together.
  const auto outcome = bench("--json --check --rounds 1 --timed-steps 2");
  const auto rows = outcome.json()["check"];
  ASSERT_EQ(rows.size(), 3U) << outcome.text();
  bool is_within = true;
  int64_t processes = 1;
  for (const auto& row : rows) {
    EXPECT_EQ(row["processes"], processes);
    const double predicted = row["predicted_ms"];
    const double measured = row["measured_ms"];
    EXPECT_GT(predicted, 0);
    EXPECT_GT(measured, 0);
    const double error = 100 * (predicted / measured - 1);
    EXPECT_NEAR(row["error_percent"].get<double>(), error, 1e-6);
    is_within = is_within && std::abs(error) <= 15;
    processes *= 2;
  }
  EXPECT_EQ(outcome.exit_code, is_within ? 0 : 1) << outcome.text();
}

TEST(BenchScaling, TellsWhatIsMeasuredAssumedAndPredicted) {
  const auto outcome = bench(
      "--data " + packed_data().string() +
      " --bands B04,B03,B02 --network efa-400 --num-workers 1 --timed-steps 2 "
      "--num-threads 1");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.text();
  for (const char* told :
       {"Measured on this machine",
        "the loader by itself makes views of ",
        "Assumed\n  network efa-400: ",
        "a GPU is as fast as this machine",
        "Predicted (efficiency",
        "\n 512  "}) {
    EXPECT_NE(outcome.out.find(told), std::string::npos) << told << "\n"
                                                         << outcome.text();
  }
}

TEST(BenchScaling, RefusesWhatItCannotPredictBeforeItMeasures) {
  const std::map<std::string, std::string> refused = {
      {"--network token-ring", "network must be one of ethernet-25, "},
      {"--step-ms -3", "step_ms must be >= 0, got -3"},
      {"--step-images 64", "step_images 64 are of the step of --step-ms"},
      {"--gpus-per-node 3", "gpus_per_node must be 1, 2, 4 or 8"},
      {"--timed-steps 0", "timed_steps must be at least 1, got 0"},
      {"--check --num-threads 2", "leave out --num-threads 2"},
      {"--recipe auto", "--recipe auto chooses by data"},
      {"--recipe none.toml", "none.toml"},
      {"--data none", "none"},
      {"--batch-size 0", "batch_size_per_gpu"},
      {"--arch vit_huge", "vit_huge"},
      {"--hosts-gbit-per-s many", "hosts_gbit_per_s"}};
  for (const auto& [flags, told] : refused) {
    SCOPED_TRACE(flags);
    const auto outcome = run_nadir(words_of("bench scaling " + flags));
    EXPECT_EQ(outcome.exit_code, 2) << outcome.text();
    EXPECT_NE(outcome.err.find(told), std::string::npos) << outcome.text();
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.find("steps of one process"), std::string::npos);
  }
}

TEST(BenchScaling, ASignalEndsItAndItsProcesses) {
  ProcessOptions options;
  options.signal = SIGTERM;
  const auto start = std::chrono::steady_clock::now();
  options.when = [start] {
    return std::chrono::steady_clock::now() - start > std::chrono::seconds(3);
  };
  const auto outcome = bench("--timed-steps 1000000", options);
  EXPECT_EQ(outcome.exit_code, 128 + SIGTERM) << outcome.text();
  EXPECT_EQ(outcome.out, "");
}

}  // namespace
}  // namespace nadir::cli
