// Data and evaluations by several processes: the files and figures of one.
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/world.h"
#include "core/file.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

// LibTorch's products may round otherwise with another number of threads.
class OneThread {
 public:
  OneThread() { ::setenv("OMP_NUM_THREADS", "1", 1); }

  ~OneThread() { ::unsetenv("OMP_NUM_THREADS"); }

  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
};

class Parts : public testing::Test {
 protected:
  [[nodiscard]] Outcome nadir(
      const std::string& line, const std::vector<std::string>& more = {}) {
    ProcessOptions options;
    options.folder = folder_.path();
    return run_nadir(words_of(line, more), options);
  }

  void nadir_done(
      const std::string& line, const std::vector<std::string>& more = {}) {
    const auto outcome = nadir(line, more);
    EXPECT_EQ(outcome.exit_code, 0) << line << "\n" << outcome.text();
  }

  [[nodiscard]] std::string bytes(const std::string& file) const {
    return read_file(folder_.path() / file);
  }

  [[nodiscard]] bool has(const std::string& file) const {
    return fs::exists(folder_.path() / file);
  }

  const TemporaryFolder folder_;
  const std::string source_ = (world_folder() / "BigEarthNet-v1.0").string();
  const std::string index_ =
      "--lists " + (world_folder() / "lists").string() + " --keep-discouraged";
  const std::string launch_ = "launch --nproc-per-node 2 -- ";
};

TEST_F(Parts, LaunchedIndexIsThatOfOneProcess) {
  const auto outcome = nadir(
      launch_ + "data index " + source_ + " --json --out i.parquet " + index_);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  EXPECT_EQ(outcome.json()["rows"], kNumPatches) << outcome.text();
  EXPECT_TRUE(bytes("i.parquet") == read_file(index_file()));
}

TEST_F(Parts, IndexPartsAreMergedByHandWhereTheyWereCopied) {
  const auto part = nadir(
      "data index " + source_ + " --part 2/2 --json --out a/i.parquet " +
      index_);
  EXPECT_EQ(part.exit_code, 0) << part.text();
  EXPECT_EQ(part.json()["part"], "2/2");
  EXPECT_EQ(part.json()["missing"], nlohmann::json({1}));
  const auto early = nadir("data merge a/i.parquet");
  EXPECT_EQ(early.exit_code, 2) << early.text();
  EXPECT_NE(early.err.find("missing of the 2 parts in a: 1"), std::string::npos)
      << early.text();
  nadir_done(
      "data index " + source_ + " --part 1/2 --out b/i.parquet " + index_);
  fs::rename(
      folder_.path() / "b/i.parquet.part-00001-of-00002",
      folder_.path() / "a/i.parquet.part-00001-of-00002");
  const auto merged = nadir("data merge a/i.parquet --json");
  EXPECT_EQ(merged.json()["rows"], kNumPatches) << merged.text();
  EXPECT_TRUE(bytes("a/i.parquet") == read_file(index_file()));
}

TEST_F(Parts, LaunchedPackingIsThatOfOneProcess) {
  const auto line =
      "data pack " + source_ + " --index " + index_file().string() + " --out d";
  nadir_done(launch_ + line);
  for (const char* file : {"dataset.json", "index.parquet"}) {
    EXPECT_TRUE(
        bytes(std::string("d/") + file) == read_file(packed_data() / file));
  }
  nadir_done("data verify d");
  const auto again = nadir(launch_ + line);
  EXPECT_NE(again.out.find("is complete already"), std::string::npos)
      << again.text();
}

TEST_F(Parts, LaunchedFeaturesAreThoseOfOneProcess) {
  const OneThread one_thread;
  const auto line = "embed --weights " + finished_run().string() + " --data " +
                    packed_data().string() + " --batch-size 8 --out ";
  nadir_done(line + "one.parquet");
  nadir_done(launch_ + line + "two.parquet");
  EXPECT_TRUE(bytes("two.parquet") == bytes("one.parquet"));
  nadir_done(line + "three.parquet --part 3/3");
  nadir_done(line + "three.parquet --part 1/3");
  EXPECT_FALSE(has("three.parquet"));
  nadir_done(line + "three.parquet --part 2/3");
  EXPECT_TRUE(bytes("three.parquet") == bytes("one.parquet"));
}

TEST_F(Parts, AWrongPartLeavesNothingBehind) {
  for (const char* part : {"5/4", "0/4", "a/b", "2"}) {
    const auto outcome =
        nadir("data index " + source_ + " --out i.parquet --part " + part);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.text();
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.text();
  }
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(Parts, LaunchedEvaluationsAreThoseOfOneProcess) {
  const OneThread one_thread;
  const auto common = " --weights " + finished_run().string() + " --data " +
                      packed_data().string() +
                      " --feature-batch-size 4 --json --out ";
  for (const std::string command :
       {"eval knn", "eval linear --epochs 3 --lr 0.1,1"}) {
    const auto one = nadir(command + common + "one");
    EXPECT_EQ(one.exit_code, 0) << one.text();
    const auto two = nadir(launch_ + command + common + "two");
    EXPECT_EQ(two.exit_code, 0) << two.text();
    EXPECT_TRUE(one.json().is_object());
    EXPECT_EQ(two.json(), one.json()) << two.text();
  }
  EXPECT_TRUE(bytes("two/knn.json") == bytes("one/knn.json"));
  EXPECT_TRUE(bytes("two/linear.json") == bytes("one/linear.json"));
  EXPECT_TRUE(
      bytes("two/linear/probe.safetensors") ==
      bytes("one/linear/probe.safetensors"));

  const auto predict = "predict --probe one/linear --data " +
                       packed_data().string() + " --batch-size 8 --out ";
  nadir_done(predict + "one.csv");
  nadir_done(launch_ + predict + "two.csv");
  EXPECT_TRUE(bytes("two.csv") == bytes("one.csv"));
}

// The others do not wait for what a killed process would have made.
TEST_F(Parts, AnEvaluationThatLosesARankEnds) {
  ProcessOptions options;
  options.folder = folder_.path();
  options.signal = SIGTERM;  // to the launcher: never, see below
  bool is_sent = false;
  options.when = [&] {
    const pid_t pid = is_sent ? 0 : process_of_rank(1, folder_.path() / "lost");
    is_sent = is_sent || (pid != 0 && ::kill(pid, SIGKILL) == 0);
    return false;
  };
  const auto outcome = run_nadir(
      words_of(
          launch_ + "eval knn --weights " + finished_run().string() +
          " --data " + packed_data().string() +
          " --feature-batch-size 1 "
          "--out " +
          (folder_.path() / "lost").string()),
      options);
  EXPECT_TRUE(outcome.was_in_time);
  EXPECT_NE(outcome.exit_code, 0) << outcome.text();
  EXPECT_NE(outcome.err.find("rank 1 of 2"), std::string::npos)
      << outcome.text();
  EXPECT_FALSE(has("lost/knn.json"));
}

TEST_F(Parts, OtherCommandsAreNotLaunched) {
  const auto outcome = nadir(launch_ + "data stats x");
  EXPECT_EQ(outcome.exit_code, 2) << outcome.text();
  EXPECT_NE(outcome.err.find("data index"), std::string::npos);
}

}  // namespace
}  // namespace nadir::cli
