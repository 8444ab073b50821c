#include "runs/run_folder.h"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/version.h"

namespace nadir::runs {
namespace {

namespace fs = std::filesystem;

template <class Call>
std::string error_of(ErrorCode code, const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "(nothing thrown)";
}

TEST(RunFolder, StatusReadsBackAsItWasWritten) {
  const TemporaryFolder folder;
  auto run = RunFolder::create(folder.path() / "a" / "run");
  RunStatus status;
  status.state = RunState::kStopped;
  status.step = 12;
  status.total_steps = 340;
  status.epoch = 1.5;
  status.message = "signal 15 \"quoted\" \xff";  // not UTF-8
  run.write_status(status);
  const RunStatus read = read_status(run.paths().root);
  EXPECT_EQ(read.state, RunState::kStopped);
  EXPECT_EQ(read.step, 12);
  EXPECT_EQ(read.total_steps, 340);
  EXPECT_EQ(read.epoch, 1.5);
  EXPECT_NE(read.message.find("signal 15 \"quoted\""), std::string::npos);
  EXPECT_EQ(read.pid, ::getpid());
  EXPECT_EQ(read.updated.size(), std::string("2026-11-24T04:18:59Z").size());
}

TEST(RunFolder, StartingOverAnExistingRunIsRefusedWithTheNextSteps) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run";
  RunFolder::create(path).write_status({});
  const std::string message = error_of(
      ErrorCode::kInvalidArgument, [&] { (void)RunFolder::create(path); });
  EXPECT_NE(message.find("--resume auto"), std::string::npos) << message;
  EXPECT_NE(message.find("--overwrite"), std::string::npos) << message;
  EXPECT_NE(message.find("run.old-1"), std::string::npos) << message;
}

TEST(RunFolder, OverwritingMovesTheOldRunAndLosesNothing) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run";
  for (int i = 0; i < 3; ++i) {
    // A slash at the end must not put the old run inside the new one.
    auto run = RunFolder::create(path.string() + "/", i > 0);
    run.write_status({});
    run.write_config(fmt::format("seed = {}\n", i));
  }
  EXPECT_EQ(read_file(path / "config.toml"), "seed = 2\n");
  EXPECT_EQ(read_file(folder.path() / "run.old-1/config.toml"), "seed = 0\n");
  EXPECT_EQ(read_file(folder.path() / "run.old-2/config.toml"), "seed = 1\n");
}

TEST(RunFolder, AFolderThatNeverHeldARunIsNoObstacle) {
  const TemporaryFolder folder;
  write_file(folder.path() / "train.log", "from nohup\n");
  { const auto run = RunFolder::create(folder.path()); }
  const auto again = RunFolder::create(folder.path());
  EXPECT_TRUE(fs::is_directory(again.paths().checkpoints));
  EXPECT_TRUE(fs::exists(folder.path() / "train.log"));
}

TEST(RunFolder, TwoTrainersNeverShareAFolder) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run";
  {
    auto first = RunFolder::create(path);
    first.write_status({});
    const std::string message = error_of(
        ErrorCode::kInvalidArgument, [&] { (void)RunFolder::resume(path); });
    EXPECT_NE(
        message.find(fmt::format("process {} on", ::getpid())),
        std::string::npos)
        << message;
    // Nor may a run under training be moved away.
    error_of(ErrorCode::kInvalidArgument, [&] {
      (void)RunFolder::create(path, /*overwrite=*/true);
    });
    EXPECT_FALSE(fs::exists(folder.path() / "run.old-1"));
  }
  const auto second = RunFolder::resume(path);
}

TEST(RunFolder, AKilledTrainerLeavesNoLock) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "run";
  const pid_t child = ::fork();
  if (child == 0) {
    auto run = RunFolder::create(path);
    run.write_status({});
    ::kill(::getpid(), SIGKILL);
  }
  int state = 0;
  ::waitpid(child, &state, 0);
  ASSERT_TRUE(WIFSIGNALED(state));
  const auto run = RunFolder::resume(path);
  EXPECT_EQ(read_status(path).pid, child);
}

TEST(RunFolder, ResumingWhereNoRunIsSaysSo) {
  const TemporaryFolder folder;
  error_of(ErrorCode::kNotFound, [&] {
    (void)RunFolder::resume(folder.path() / "none");
  });
  EXPECT_FALSE(fs::exists(folder.path() / "none"));
}

TEST(RunFolder, AFileInItsPlaceIsRefused) {
  const TemporaryFolder folder;
  write_file(folder.path() / "run", "x");
  error_of(ErrorCode::kInvalidArgument, [&] {
    (void)RunFolder::create(folder.path() / "run");
  });
}

TEST(RunFolder, ProvenanceKeepsTheFirstStartAndListsResumes) {
  const TemporaryFolder folder;
  auto run = RunFolder::create(folder.path() / "run");
  Provenance provenance;
  provenance.command_line = {"nadir", "pretrain", "--data", "a b"};
  provenance.seed = 7;
  provenance.data = "11 patches";
  provenance.data_checksum = "sha256:00";
  provenance.libraries = {{"LibTorch", "2.15.0"}};
  run.write_provenance(provenance);
  provenance.command_line.emplace_back("--resume");
  run.write_provenance(provenance);
  const auto json = parse_json(read_file(run.paths().provenance));
  EXPECT_EQ(json["nadir"]["version"], version());
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(json["command_line"].size(), 4U);
  EXPECT_EQ(json["data"]["checksum"], "sha256:00");
  EXPECT_EQ(json["libraries"]["LibTorch"], "2.15.0");
  ASSERT_EQ(json["resumes"].size(), 1U);
  EXPECT_EQ(json["resumes"][0]["command_line"].size(), 5U);
}

TEST(RunFolder, ADamagedStatusNamesTheFile) {
  const TemporaryFolder folder;
  for (const char* text :
       {"", "[]", "{\"state\": \"running\"}", "{\"state\": 3"}) {
    write_file(folder.path() / "status.json", text);
    const std::string message = error_of(
        ErrorCode::kCorruptData, [&] { (void)read_status(folder.path()); });
    EXPECT_NE(message.find("status.json"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace nadir::runs
