#include "launch/host_job.h"

#include <csignal>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/signals.h"

namespace nadir::launch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Each process runs `script` with /bin/sh; $OUT is the folder.
class HostJobTest : public testing::Test {
 protected:
  HostJob job(const std::string& script, int64_t num_processes) const {
    HostJob made;
    made.command = {
        "/bin/sh",
        "-c",
        "OUT=" + folder_.path().string() + "; " + script,
        "sh"};
    made.num_processes = num_processes;
    made.grace = seconds(5);
    return made;
  }

  std::string text(const std::string& name) const {
    return read_file(folder_.path() / name);
  }

  TemporaryFolder folder_;
};

TEST_F(HostJobTest, EveryProcessKnowsItsPlace) {
  auto two_hosts =
      job("echo $RANK $WORLD_SIZE $LOCAL_RANK $LOCAL_WORLD_SIZE $GROUP_RANK "
          "$MASTER_ADDR:$MASTER_PORT > $OUT/$LOCAL_RANK",
          2);
  two_hosts.num_nodes = 2;
  two_hosts.node_rank = 1;
  two_hosts.master_address = "10.0.0.1";
  two_hosts.master_port = 12345;
  EXPECT_EQ(run_host_job(two_hosts), 0);
  EXPECT_EQ(text("0"), "2 4 0 2 1 10.0.0.1:12345\n");
  EXPECT_EQ(text("1"), "3 4 1 2 1 10.0.0.1:12345\n");
}

TEST_F(HostJobTest, AddsVariablesButDoesNotReplaceTheUsers) {
  auto with_more = job("echo $NADIR_TEST_A $HOME > $OUT/told", 1);
  with_more.variables = {"NADIR_TEST_A=eth1", "HOME=/nowhere"};
  EXPECT_EQ(run_host_job(with_more), 0);
  EXPECT_EQ(text("told"), "eth1 " + std::string(std::getenv("HOME")) + "\n");
}

TEST_F(HostJobTest, AFailureEndsTheOthersAndIsTheResult) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_host_job(job("[ $RANK = 1 ] && exit 7; exec sleep 60", 3)), 7);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
}

TEST_F(HostJobTest, WhoOnlyLostItsPeersIsNotToBlame) {
  EXPECT_EQ(
      run_host_job(job("[ $RANK = 0 ] && exit 4; sleep 0.1; exit 9", 2)), 9);
  EXPECT_EQ(run_host_job(job("exit 4", 2)), 4);
}

TEST_F(HostJobTest, WhoWasKilledIsALostPeer) {
  EXPECT_EQ(run_host_job(job("kill -KILL $$", 1)), 4);
}

TEST_F(HostJobTest, TellsWhyTheFirstFailed) {
  const auto file = folder_.path() / "error.json";
  ::setenv("TORCHELASTIC_ERROR_FILE", file.c_str(), 1);
  const std::string say = "echo rank $RANK > $TORCHELASTIC_ERROR_FILE; ";
  EXPECT_EQ(
      run_host_job(job(
          say + "[ $RANK = 0 ] && exit 4; sleep 0.1; " + say + "exit 9", 2)),
      9);
  EXPECT_EQ(read_file(file), "rank 1\n");
  // One that is killed says nothing.
  EXPECT_EQ(
      run_host_job(job("[ $RANK = 1 ] && kill -KILL $$; exec sleep 60", 2)), 4);
  EXPECT_NE(read_file(file).find("was killed by signal 9"), std::string::npos);
  ::unsetenv("TORCHELASTIC_ERROR_FILE");
  for (const auto& entry :
       std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.path().filename(), "error.json");
  }
}

TEST_F(HostJobTest, StartsAllAgainAsOftenAsWished) {
  auto failing_once =
      job("echo \"$TORCHELASTIC_RESTART_COUNT $*\" >> $OUT/$RANK; "
          "[ $RANK$TORCHELASTIC_RESTART_COUNT != 10 ]",
          2);
  failing_once.max_restarts = 2;
  failing_once.restart_arguments = {"--resume", "auto"};
  EXPECT_EQ(run_host_job(failing_once), 0);
  EXPECT_EQ(text("0"), "0 \n1 --resume auto\n");
  EXPECT_EQ(text("1"), "0 \n1 --resume auto\n");
  auto always_failing = job("echo >> $OUT/tries; exit 3", 1);
  always_failing.max_restarts = 2;
  EXPECT_EQ(run_host_job(always_failing), 3);
  EXPECT_EQ(text("tries"), "\n\n\n");
}

TEST_F(HostJobTest, KillsWhoDoesNotEndInTime) {
  auto stubborn = job(
      "[ $RANK = 1 ] && exit 1; trap '' TERM; while :; do sleep 1; done", 2);
  stubborn.grace = milliseconds(300);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_host_job(stubborn), 1);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(4));
}

TEST_F(HostJobTest, PassesASignalOnAndDoesNotStartAgain) {
  catch_signals();
  auto waiting =
      job("trap 'echo told > $OUT/$RANK; exit 143' TERM; echo > $OUT/up$RANK; "
          "while :; do sleep 0.05; done",
          2);
  waiting.max_restarts = 5;
  std::thread sender([&] {
    while (!std::filesystem::exists(folder_.path() / "up0") ||
           !std::filesystem::exists(folder_.path() / "up1")) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    std::raise(SIGTERM);
  });
  EXPECT_EQ(run_host_job(waiting), 128 + SIGTERM);
  sender.join();
  forget_signal();
  EXPECT_EQ(text("0"), "told\n");
  EXPECT_EQ(text("1"), "told\n");
}

TEST_F(HostJobTest, ATerminalsSignalsDoNotReachTheProcessesTwice) {
  // The fifth word of /proc/PID/stat is the process group.
  EXPECT_EQ(run_host_job(job("[ $(cut -d' ' -f5 /proc/$$/stat) = $$ ]", 2)), 0);
}

TEST_F(HostJobTest, SaysThatAProgramIsNotThere) {
  auto missing = job("", 1);
  missing.command = {"/nowhere/nadir"};
  EXPECT_EQ(run_host_job(missing), 127);
}

}  // namespace
}  // namespace nadir::launch
