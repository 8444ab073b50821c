// Paths measured on this machine: the cheap ones, and what is refused. The
// rest is run by people.
#include "bench/machine_bench.h"

#include <csignal>
#include <set>

#include <gtest/gtest.h>

#include "core/config.h"
#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"

namespace nadir::bench {
namespace {

namespace fs = std::filesystem;

std::string refusal_of(const BenchConfig& config) {
  try {
    (void)bench_machine(config, "");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "accepted";
}

TEST(MachineBench, MeasuresThePathsAskedForAndRemovesItsData) {
  const TemporaryFolder folder;
  BenchConfig config;
  config.only = {"pack_tar", "index", "views", "shards"};
  config.patches = 40;
  config.folder = folder.path().string();
  const auto report = bench_machine(config, "");
  ASSERT_EQ(report.rows.size(), 4U);
  std::vector<std::string> names;
  for (const auto& row : report.rows) {
    SCOPED_TRACE(row.name);
    names.push_back(row.name);
    EXPECT_GT(row.rate, 0);
    EXPECT_GE(row.repeats, 3);
    EXPECT_GT(row.reached, 0);
    EXPECT_GT(row.limit_rate, 0);
    EXPECT_GT(row.share(), 0);
    EXPECT_DOUBLE_EQ(row.share(), row.reached / row.limit_rate);
  }
  // The order of the table, not that of the request.
  EXPECT_EQ(
      names,
      (std::vector<std::string>{"views", "shards", "index", "pack_tar"}));
  EXPECT_GT(report.limits.memory_one_core_gbyte_per_s, 0);
  EXPECT_GT(report.limits.disk.write_gbyte_per_s, 0);
  // What no path is held against is not measured.
  EXPECT_EQ(report.limits.products_gflop_per_s, 0);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(MachineBench, HoldsProgramsAgainstAnEmptyOne) {
  BenchConfig config;
  config.only = {"start"};
  // The start of the empty program itself is all of the limit, but for noise.
  const auto report = bench_machine(config, "/bin/true");
  ASSERT_EQ(report.rows.size(), 1U);
  EXPECT_GT(report.rows[0].rate, 1);
  EXPECT_GT(report.rows[0].share(), 0.1);
  EXPECT_LT(report.rows[0].share(), 10);
}

TEST(MachineBench, RemovesItsDataAfterAnError) {
  const TemporaryFolder folder;
  BenchConfig config;
  config.only = {"index", "start"};
  config.patches = 32;
  config.folder = folder.path().string();
  try {
    (void)bench_machine(config, "/bin/false");
    FAIL() << "took a program that fails";
  } catch (const Error& error) {
    EXPECT_NE(
        std::string(error.what()).find("/bin/false --version"),
        std::string::npos);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(MachineBench, RemovesItsDataAfterASignal) {
  const TemporaryFolder folder;
  BenchConfig config;
  config.only = {"index"};
  config.patches = 32;
  config.folder = folder.path().string();
  catch_signals();
  std::raise(SIGTERM);
  EXPECT_THROW((void)bench_machine(config, ""), Stopped);
  forget_signal();
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(MachineBench, NamesTheNearestOfAnUnknownPath) {
  BenchConfig config;
  config.only = {"view"};
  const auto message = refusal_of(config);
  EXPECT_NE(message.find("got 'view'"), std::string::npos) << message;
  EXPECT_NE(message.find("did you mean 'views'"), std::string::npos) << message;
}

TEST(MachineBench, RefusesWhatIsNotThereOrOutOfRange) {
  BenchConfig config;
  config.folder = "/no/such/folder";
  EXPECT_NE(
      refusal_of(config).find("got '/no/such/folder'"), std::string::npos);
  config.folder = "";
  config.patches = 0;
  EXPECT_EQ(refusal_of(config), "patches must be at least 32, got 0");
  config.patches = 400;
  config.threads = 1 << 20;
  EXPECT_NE(refusal_of(config).find("got 1048576"), std::string::npos);
}

TEST(Cases, AreNamedOnceAndAllInTheHelp) {
  std::set<std::string> names;
  for (const auto& one : cases()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
  }
  BenchConfig config;
  std::string help;
  for (const auto& field : fields_of(config)) {
    help += field.key == "only" ? field.help : "";
  }
  const auto list = help.substr(help.find("Names: ") + 7);
  std::set<std::string> told;
  for (auto name : split(list.substr(0, list.find('.')), ',')) {
    told.insert(name);
  }
  EXPECT_EQ(told, names);
}

}  // namespace
}  // namespace nadir::bench
