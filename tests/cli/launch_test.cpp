// Runs of several processes: the losses of one, and what becomes of a run that
// loses a process.
#include <csignal>
#include <set>

#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/world.h"
#include "core/file.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

class Launch : public testing::Test {
 protected:
  // Long enough to be hit in the middle: 60 steps.
  const std::string kLonger = "--epochs 20 --knn-every-epochs 5";

  // Two processes, each with half of the recipe's batch.
  [[nodiscard]] std::vector<std::string> words(
      const std::string& flags, const std::string& more) const {
    auto line = words_of("launch --nproc-per-node 2 " + flags + " --");
    for (const auto& word :
         pretrain_words(run_, kLonger + " --batch-size-per-gpu 4 " + more)) {
      line.push_back(word);
    }
    return line;
  }

  // Sends `signal` to rank `rank` once, when the run has made five steps.
  [[nodiscard]] Outcome run_and_signal(
      int rank,
      int signal,
      const std::string& flags,
      const std::string& more) const {
    ProcessOptions options;
    bool is_sent = false;
    options.signal = SIGTERM;  // to the launcher: never, see below
    options.when = [&] {
      if (!is_sent && num_training_lines(run_) >= 5) {
        const pid_t pid = process_of_rank(rank, run_);
        is_sent = pid != 0 && ::kill(pid, signal) == 0;
      }
      return false;
    };
    return run_nadir(words(flags, more), options);
  }

  void expect_losses_of_one_process() const {
    const fs::path alone = folder_.path() / "alone";
    if (!fs::exists(alone)) {
      const auto outcome = run_nadir(pretrain_words(alone, kLonger));
      ASSERT_EQ(outcome.exit_code, 0) << outcome.text();
    }
    expect_finished_like(run_, alone);
  }

  const TemporaryFolder folder_;
  const fs::path run_ = folder_.path() / "run";
};

TEST_F(Launch, TwoProcessesHaveTheLossesOfOne) {
  const auto outcome = run_nadir(words("", ""));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  expect_losses_of_one_process();
}

TEST_F(Launch, GoesOnFromTheLastCheckpointAfterARankWasKilled) {
  for (const int rank : {0, 1}) {
    fs::remove_all(run_);
    const auto outcome = run_and_signal(
        rank, SIGKILL, "--max-restarts 1", "--save-every-steps 2");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
    EXPECT_NE(outcome.err.find("was killed by signal 9"), std::string::npos)
        << outcome.text();
    expect_losses_of_one_process();
  }
}

TEST_F(Launch, AKilledRankEndsARunThatMayNotStartAgain) {
  const auto outcome = run_and_signal(1, SIGKILL, "", "--save-every-steps 2");
  EXPECT_EQ(outcome.exit_code, 4) << outcome.text();
  EXPECT_NE(outcome.err.find("rank 1 of 2 on "), std::string::npos)
      << outcome.text();
  EXPECT_NE(outcome.err.find("rank 0 of 2 on "), std::string::npos)
      << outcome.text();
  EXPECT_NE(outcome.err.find("a peer is lost"), std::string::npos)
      << outcome.text();
  const auto resumed = run_nadir(words("", "--resume auto"));
  EXPECT_EQ(resumed.exit_code, 0) << resumed.text();
  expect_losses_of_one_process();
}

TEST_F(Launch, AStoppedRankIsLostAfterTheTimeout) {
  const auto begin = std::chrono::steady_clock::now();
  const auto outcome = run_and_signal(1, SIGSTOP, "", "--peer-timeout-s 3");
  EXPECT_EQ(outcome.exit_code, 4) << outcome.text();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST_F(Launch, ASignalSavesAndEndsAllProcesses) {
  ProcessOptions options;
  options.signal = SIGTERM;
  options.when = [this] { return num_training_lines(run_) >= 3; };
  const auto stopped = run_nadir(words("", ""), options);
  EXPECT_EQ(stopped.exit_code, 128 + SIGTERM) << stopped.text();
  EXPECT_EQ(read_json(run_ / "status.json")["state"], "stopped");
  const auto resumed = run_nadir(words("", "--resume auto"));
  EXPECT_EQ(resumed.exit_code, 0) << resumed.text();
  expect_losses_of_one_process();
}

TEST_F(Launch, GoesOnWithAnotherNumberOfProcesses) {
  const auto two = run_nadir(words("", "--stop-after-steps 7"));
  EXPECT_EQ(two.exit_code, 0) << two.text();
  const std::string toml = read_file(run_ / "config.toml");
  const auto other_batch =
      run_nadir(pretrain_words(run_, kLonger + " --batch-size 4 --resume auto"));
  EXPECT_EQ(other_batch.exit_code, 2) << other_batch.text();
  EXPECT_NE(
      other_batch.err.find("the run had 8 images a step"), std::string::npos)
      << other_batch.text();
  EXPECT_EQ(read_file(run_ / "config.toml"), toml);
  const auto one =
      run_nadir(pretrain_words(run_, kLonger + " --batch-size 8 --resume auto"));
  EXPECT_EQ(one.exit_code, 0) << one.text();
  expect_losses_of_one_process();
}

TEST_F(Launch, AWrongConfigurationEndsWithUsage) {
  const auto outcome = run_nadir(words("", "--out-dim 0"));
  EXPECT_EQ(outcome.exit_code, 2) << outcome.text();
}

}  // namespace
}  // namespace nadir::cli
