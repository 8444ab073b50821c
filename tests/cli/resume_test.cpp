// Runs that are stopped, killed, damaged, repeated: what was made is kept, and
// going on gives what the straight run gives, to the bit.
#include <csignal>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/world.h"
#include "core/file.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kNumSteps = 12;

class Resume : public testing::Test {
 protected:
  // The run has the straight run's records and final state.
  void expect_like_straight_run(const fs::path& checkpoints_root) const {
    const fs::path straight = finished_run();
    EXPECT_EQ(training_records(run_), training_records(straight));
    EXPECT_EQ(num_training_lines(run_), kNumSteps);
    const fs::path state =
        fs::path("checkpoints") / "step-00000012" / "state.safetensors";
    EXPECT_TRUE(
        read_file(checkpoints_root / state) == read_file(straight / state));
    const fs::path weights = fs::path("weights") / "teacher.safetensors";
    EXPECT_TRUE(read_file(run_ / weights) == read_file(straight / weights));
    EXPECT_EQ(read_json(run_ / "status.json")["state"], "finished");
  }

  void expect_like_straight_run() const { expect_like_straight_run(run_); }

  // Sends `signal` when the run has made `num_steps` steps.
  [[nodiscard]] Outcome run_until(
      int64_t num_steps, int signal, const std::string& more) const {
    ProcessOptions options;
    options.signal = signal;
    options.when = [this, num_steps] {
      const auto records = training_records(run_);
      return !records.empty() && records.rbegin()->first >= num_steps;
    };
    return run_nadir(pretrain_words(run_, more), options);
  }

  void stop_after(int64_t num_steps) const {
    const auto outcome = run_nadir(
        pretrain_words(run_, fmt::format("--stop-after-steps {}", num_steps)));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.text();
  }

  [[nodiscard]] Outcome resume(const std::string& more = "") const {
    return run_nadir(pretrain_words(run_, "--resume auto " + more));
  }

  const TemporaryFolder folder_;
  const fs::path run_ = folder_.path() / "run";
};

TEST_F(Resume, GoesOnAsIfItHadNotStopped) {
  stop_after(5);
  const auto status = read_json(run_ / "status.json");
  EXPECT_EQ(status["state"], "stopped");
  EXPECT_EQ(status["step"], 5);
  const auto outcome = resume();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  expect_like_straight_run();
}

TEST_F(Resume, StaysStoppedWhereItWasToldToStop) {
  stop_after(5);
  const auto outcome = resume("--stop-after-steps 5");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  EXPECT_EQ(read_json(run_ / "status.json")["step"], 5);
}

TEST_F(Resume, GoesOnAfterSigkillAtAnyStep) {
  std::mt19937 random(std::random_device{}());
  const int64_t first = 1 + static_cast<int64_t>(random() % 6);
  const int64_t second = 7 + static_cast<int64_t>(random() % 5);
  SCOPED_TRACE(
      "killed after " + std::to_string(first) + " and " +
      std::to_string(second) + " steps");
  for (const int64_t num_steps : {first, second}) {
    const auto killed =
        run_until(num_steps, SIGKILL, "--resume auto --save-every-steps 2");
    EXPECT_EQ(killed.exit_code, 128 + SIGKILL) << killed.text();
    EXPECT_EQ(read_json(run_ / "status.json")["state"], "running");
  }
  const auto outcome = resume();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  expect_like_straight_run();
}

TEST_F(Resume, StartsAgainIfKilledBeforeTheFirstCheckpoint) {
  const auto killed = run_until(1, SIGKILL, "");
  EXPECT_EQ(killed.exit_code, 128 + SIGKILL) << killed.text();
  const auto outcome = resume();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  expect_like_straight_run();
}

TEST_F(Resume, SavesOnSigtermAndSigint) {
  bool is_first = true;
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto stopped = run_until(is_first ? 2 : 7, signal, "--resume auto");
    is_first = false;
    EXPECT_EQ(stopped.exit_code, 128 + signal) << stopped.text();
    const auto status = read_json(run_ / "status.json");
    EXPECT_EQ(status["state"], "stopped");
    const auto last = training_records(run_).rbegin()->first;
    EXPECT_EQ(status["step"], last);
    EXPECT_EQ(
        read_file(run_ / "checkpoints" / "latest"),
        "step-0000000" + std::to_string(last) + "\n");
  }
  const auto outcome = resume();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  expect_like_straight_run();
}

TEST_F(Resume, LeavesAFinishedRunAsItIs) {
  fs::copy(finished_run(), run_, fs::copy_options::recursive);
  const auto outcome = resume("--json");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  const auto result = outcome.json();
  EXPECT_EQ(result["steps"], kNumSteps) << outcome.text();
  EXPECT_EQ(result["finished"], true);
  EXPECT_EQ(result["final_loss"], training_records(finished_run())[12]["loss"]);
  expect_like_straight_run();
}

TEST_F(Resume, IsNeededToTouchAnExistingRun) {
  stop_after(1);
  const std::string metrics = read_file(run_ / "metrics.jsonl");
  const auto refused = run_nadir(pretrain_words(run_));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("--resume auto"), std::string::npos);
  EXPECT_NE(refused.err.find("--overwrite"), std::string::npos);
  EXPECT_EQ(read_file(run_ / "metrics.jsonl"), metrics);
}

TEST_F(Resume, OverwritingMovesTheOldRunAside) {
  stop_after(1);
  const std::string metrics = read_file(run_ / "metrics.jsonl");
  const auto outcome =
      run_nadir(pretrain_words(run_, "--overwrite --stop-after-steps 2"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  EXPECT_EQ(read_file(folder_.path() / "run.old-1" / "metrics.jsonl"), metrics);
  EXPECT_EQ(training_records(run_).size(), 2U);
}

TEST_F(Resume, RefusesASecondProcess) {
  std::vector<Outcome> others;
  ProcessOptions options;
  options.signal = SIGTERM;
  options.when = [&] {
    if (training_records(run_).empty()) {
      return false;
    }
    others.push_back(resume("--epochs 1000"));
    others.push_back(
        run_nadir(pretrain_words(run_, "--overwrite --epochs 1000")));
    return true;
  };
  const auto trained =
      run_nadir(pretrain_words(run_, "--epochs 1000"), options);
  EXPECT_EQ(trained.exit_code, 128 + SIGTERM) << trained.text();
  ASSERT_EQ(others.size(), 2U);
  for (const auto& other : others) {
    EXPECT_EQ(other.exit_code, 2) << other.text();
    EXPECT_NE(other.err.find("another process"), std::string::npos)
        << other.text();
  }
  EXPECT_FALSE(fs::exists(folder_.path() / "run.old-1"));
}

TEST_F(Resume, RefusesOtherFieldsByName) {
  stop_after(1);
  const auto refused = resume("--lr 0.1 --seed 3 --save-every-steps 1");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(
      refused.err.find("lr: the run has '0.0005', this command '0.1'"),
      std::string::npos)
      << refused.text();
  EXPECT_NE(refused.err.find("seed: "), std::string::npos);
  EXPECT_EQ(refused.err.find("save_every_steps: "), std::string::npos);
}

TEST_F(Resume, TakesTheCheckpointBeforeADamagedOne) {
  stop_after(5);  // step-3 is the best by k-NN, or the only one before
  const fs::path checkpoints = run_ / "checkpoints";
  ASSERT_TRUE(fs::exists(checkpoints / "step-00000003"));
  const fs::path state = checkpoints / "step-00000005" / "state.safetensors";
  std::string bytes = read_file(state);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_file(state, bytes);
  const auto outcome = resume();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  EXPECT_NE(
      outcome.err.find("step-00000005 is damaged: the checksum of "
                       "state.safetensors differs"),
      std::string::npos)
      << outcome.text();
  expect_like_straight_run();
}

TEST_F(Resume, RefusesWhereEveryCheckpointIsDamaged) {
  stop_after(1);
  const fs::path state =
      run_ / "checkpoints" / "step-00000001" / "state.safetensors";
  fs::resize_file(state, fs::file_size(state) - 1);
  const std::string metrics = read_file(run_ / "metrics.jsonl");
  const auto refused = resume();
  EXPECT_EQ(refused.exit_code, 3) << refused.text();
  EXPECT_NE(
      refused.err.find("state.safetensors has the wrong size"),
      std::string::npos)
      << refused.text();
  EXPECT_EQ(read_file(run_ / "metrics.jsonl"), metrics);
  // As weights it is refused too.
  const auto weights = run_nadir(
      {"export",
       "--weights",
       run_.string(),
       "--out",
       (folder_.path() / "x.safetensors").string()});
  EXPECT_EQ(weights.exit_code, 3) << weights.text();
  EXPECT_FALSE(fs::exists(folder_.path() / "x.safetensors"));
}

TEST_F(Resume, GoesOnFromCheckpointsKeptElsewhere) {
  const fs::path kept = folder_.path() / "kept";
  const std::string elsewhere = "--checkpoint-dir " + kept.string() + " ";
  const auto first = run_nadir(
      pretrain_words(run_, elsewhere + "--save-every-steps 1 --epochs 4"));
  ASSERT_EQ(first.exit_code, 0) << first.text();
  expect_like_straight_run(kept);
  // The machine went, and the run folder with it.
  fs::remove_all(run_);
  const auto refused = run_nadir(pretrain_words(run_, elsewhere));
  EXPECT_EQ(refused.exit_code, 2) << refused.text();
  EXPECT_NE(
      refused.err.find(kept.string() + " already holds checkpoints"),
      std::string::npos);
  EXPECT_FALSE(fs::exists(run_));
  const auto second = resume(elsewhere + "--json");
  EXPECT_EQ(second.exit_code, 0) << second.text();
  EXPECT_EQ(second.json()["steps"], kNumSteps);
  const auto changed = resume(elsewhere + "--lr 0.1");
  EXPECT_EQ(changed.exit_code, 2) << changed.text();
  const auto over = run_nadir(pretrain_words(
      folder_.path() / "other",
      elsewhere + "--overwrite --stop-after-steps 1"));
  EXPECT_EQ(over.exit_code, 0) << over.text();
  EXPECT_TRUE(fs::exists(kept / "checkpoints.old-1" / "step-00000012"));
}

}  // namespace
}  // namespace nadir::cli
