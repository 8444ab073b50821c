// `nadir bench` as users call it: the table, its JSON, what it refuses.
#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/world.h"
#include "core/file.h"

namespace nadir::cli {
namespace {

TEST(BenchMachine, PrintsRowsWithTheShareOfTheirLimit) {
  const TemporaryFolder folder;
  const auto outcome = run_nadir(words_of(
      "bench --json --only start,views --threads 1 --patches 32 "
      "--folder " +
      folder.path().string()));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.text();
  const auto json = outcome.json();
  EXPECT_EQ(json["threads"], 1);
  EXPECT_GT(json["limits"]["memory_one_core_gbyte_per_s"].get<double>(), 0);
  EXPECT_FALSE(json["limits"].contains("products_gflop_per_s"));
  const auto& rows = json["rows"];
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["name"], "views");
  EXPECT_EQ(rows[1]["name"], "start");
  for (const auto& row : rows) {
    EXPECT_GT(row["rate"].get<double>(), 0);
    const auto& limit = row["limit"];
    EXPECT_NEAR(
        limit["share"].get<double>(),
        limit["reached"].get<double>() / limit["rate"].get<double>(),
        1e-9);
  }
  EXPECT_EQ(rows[0]["limit"]["unit"], "GB/s");
  // Progress is for people, on standard error.
  EXPECT_NE(outcome.err.find("1 of 2: multi-crop views"), std::string::npos)
      << outcome.err;
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(BenchMachine, PrintsATableWithoutJson) {
  const auto outcome = run_nadir(words_of("bench --only start"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.text();
  for (const char* told :
       {"% of limit", "starts/s", "ms a start", "an empty program, "}) {
    EXPECT_NE(outcome.out.find(told), std::string::npos) << told << "\n"
                                                         << outcome.out;
  }
}

TEST(BenchMachine, RefusesWhatIsNotThereBeforeItMeasures) {
  for (const auto& [flags, told] :
       std::vector<std::pair<const char*, const char*>>{
           {"--only nkn", "got 'nkn', did you mean 'knn'?"},
           {"--folder none", "got 'none'"},
           {"--threads -1", "got -1"}}) {
    SCOPED_TRACE(flags);
    const auto outcome =
        run_nadir(words_of(std::string("bench ") + flags));
    EXPECT_EQ(outcome.exit_code, 2) << outcome.text();
    EXPECT_NE(outcome.err.find(told), std::string::npos) << outcome.text();
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.find("the machine's limits"), std::string::npos);
  }
}

}  // namespace
}  // namespace nadir::cli
