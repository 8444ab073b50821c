#include "container/supervisor.h"

#include <csignal>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/signals.h"

namespace nadir::container {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SupervisedCommand shell(const std::string& script) {
  SupervisedCommand command;
  command.command = {"/bin/sh", "-c", script};
  return command;
}

TEST(Supervisor, TellsHowTheCommandEnded) {
  EXPECT_EQ(supervise(shell("exit 0")).status, 0);
  const auto failed = supervise(shell("exit 3"));
  EXPECT_EQ(failed.status, 3);
  EXPECT_FALSE(failed.was_killed);
  EXPECT_EQ(failed.message, "");
  const auto killed = supervise(shell("kill -KILL $$"));
  EXPECT_EQ(killed.status, 128 + SIGKILL);
  EXPECT_TRUE(killed.was_killed);
}

TEST(Supervisor, PassesOnWhatTheCommandSaysOfItsFailure) {
  const auto end = supervise(
      shell(R"(echo '{"message": {"message": "disk full", "extraInfo": {}}}' )"
            R"(> "$TORCHELASTIC_ERROR_FILE"; exit 1)"));
  EXPECT_EQ(end.message, "disk full");
  const auto garbage =
      supervise(shell(R"(echo 'x' > "$TORCHELASTIC_ERROR_FILE"; exit 1)"));
  EXPECT_EQ(garbage.message, "");
}

TEST(Supervisor, GivesVariablesOverTheEnvironments) {
  auto command = shell("[ $HOME = /there ] && [ -n \"$PATH\" ]");
  command.variables = {"HOME=/there"};
  EXPECT_EQ(supervise(command).status, 0);
}

// Sends this process SIGTERM once `file` is there.
std::function<void()> stop_at(const std::filesystem::path& file) {
  return [file, is_sent = false]() mutable {
    if (!is_sent && std::filesystem::exists(file)) {
      is_sent = true;
      std::raise(SIGTERM);
    }
  };
}

TEST(Supervisor, PassesASignalOnAndKillsWhatOutlivesItsGrace) {
  catch_signals();
  const TemporaryFolder folder;
  const auto ready = folder.path() / "ready";
  const std::string touch = "> " + ready.string() + "; ";
  auto polite = shell("trap 'exit 5' TERM; " + touch + "sleep 20 & wait");
  polite.on_tick = stop_at(ready);
  EXPECT_EQ(supervise(polite).status, 5);
  forget_signal();

  std::filesystem::remove(ready);
  auto deaf = shell("trap '' TERM; " + touch + "exec sleep 20");
  deaf.grace = milliseconds(100);
  deaf.on_tick = stop_at(ready);
  const auto begin = std::chrono::steady_clock::now();
  const auto killed = supervise(deaf);
  EXPECT_EQ(killed.status, 128 + SIGKILL);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
  forget_signal();
}

}  // namespace
}  // namespace nadir::container
