// The script is run by a real sh, with an srun and a scontrol of the test's.
#include "launch/slurm_script.h"

#include <csignal>
#include <cstdlib>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/random.h"
#include "launch/shell_quote.h"

namespace nadir::launch {
namespace {

namespace fs = std::filesystem;

void write_program(const fs::path& path, const std::string& script) {
  write_file(path, "#!/bin/sh\n" + script + "\n");
  fs::permissions(path, fs::perms::owner_all);
}

TEST(ShellQuote, WordsSurviveAShell) {
  const TemporaryFolder folder;
  write_program(folder.path() / "show", R"(printf '%s\0' "$@")");
  std::vector<std::string> words = {
      (folder.path() / "show").string(),
      "",
      "plain",
      "two words",
      "it's",
      "\"double\"",
      "$HOME `id` $(id) \\",
      "a\nb\tc",
      "*?[x]{1,2}~",
      "#;&|<>()!",
      "-n",
      "Königsberg"};
  RandomStream stream(5, StreamPurpose::kTest);
  constexpr int kNumRandom = 300;
  for (int i = 0; i < kNumRandom; ++i) {
    std::string word;
    for (uint64_t size = stream.uniform_int(12); size > 0; --size) {
      word += static_cast<char>(1 + stream.uniform_int(255));  // no zero byte
    }
    words.push_back(word);
  }
  const fs::path script = folder.path() / "script";
  write_file(
      script,
      shell_line(words) + " > " + (folder.path() / "shown").string() + "\n");
  ASSERT_EQ(std::system(("/bin/sh " + script.string()).c_str()), 0);
  std::string expected;
  for (size_t i = 1; i < words.size(); ++i) {
    expected += words[i] + '\0';
  }
  EXPECT_EQ(read_file(folder.path() / "shown"), expected);
}

class SlurmScript : public testing::Test {
 protected:
  SlurmScript() {
    job_.command = {"/opt/nadir", "pretrain", "--out", "my $runs/it's"};
    job_.restart_arguments = {"--resume", "auto"};
    job_.log_folder = folder_.path() / "some logs";
    write_program(
        in("bin/scontrol"), "echo \"$@\" > '" + in("requeued").string() + "'");
  }

  [[nodiscard]] fs::path in(const std::string& name) const {
    return folder_.path() / name;
  }

  // Starts the script as Slurm would, with `srun` as its srun; each of its
  // words is then a line of the file "words".
  pid_t start(const std::string& srun, const std::string& restart_count) {
    write_program(
        in("bin/srun"),
        "printf '%s\\n' \"$@\" > '" + in("words").string() + "'\ncd '" +
            folder_.path().string() + "'\n" + srun);
    write_file(in("job.sh"), slurm_script(job_));
    const std::string path =
        "PATH=" + in("bin").string() + ":" + std::getenv("PATH");
    const std::string script = in("job.sh").string();
    const std::string restart = "SLURM_RESTART_COUNT=" + restart_count;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::execl(
          "/usr/bin/env",
          "env",
          path.c_str(),
          "SLURM_JOB_ID=4711",
          restart.c_str(),
          "sh",
          script.c_str(),
          nullptr);
      ::_exit(127);
    }
    return pid;
  }

  static int status_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  // Sends the signal of the near time limit when the step runs.
  int run_to_the_time_limit(
      const std::string& restart_count, const std::string& on_signal) {
    fs::remove(in("up"));
    const pid_t pid = start(
        "trap '" + on_signal + "' USR1\ntouch up\nwhile :; do sleep 0.05; done",
        restart_count);
    while (!fs::exists(in("up"))) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ::kill(pid, SIGUSR1);
    return status_of(pid);
  }

  const TemporaryFolder folder_;
  SlurmJob job_;
};

TEST_F(SlurmScript, SaysWhatWasAskedFor) {
  job_.num_nodes = 4;
  job_.num_processes = 8;
  job_.partition = "gpu";
  job_.account = "eo";
  job_.time_limit = "1-00:00:00";
  job_.gpus_per_node = "a100:8";
  job_.memory = "64G";
  job_.cpus_per_process = 12;
  job_.stop_lead_s = 90;
  job_.more_options = {"--constraint=\"ib&hbm\""};
  const std::string text = slurm_script(job_);
  for (const char* line :
       {"#SBATCH --nodes=4\n",
        "#SBATCH --ntasks-per-node=8\n",
        "#SBATCH --partition=gpu\n",
        "#SBATCH --account=eo\n",
        "#SBATCH --time=1-00:00:00\n",
        "#SBATCH --gpus-per-node=a100:8\n",
        "#SBATCH --mem=64G\n",
        "#SBATCH --cpus-per-task=12\n",
        "#SBATCH --requeue\n",
        "#SBATCH --open-mode=append\n",
        "#SBATCH --signal=B:USR1@90\n",
        "#SBATCH --constraint=\"ib&hbm\"\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("MASTER_"), std::string::npos);
}

TEST_F(SlurmScript, LeavesOutWhatWasNot) {
  const std::string text = slurm_script(job_);
  for (const char* flag : {"time", "partition", "account", "gpus", "mem"}) {
    EXPECT_EQ(text.find(std::string("#SBATCH --") + flag), std::string::npos);
  }
}

TEST_F(SlurmScript, ItsStepHasTheUsersWordsAndItsOwnStatus) {
  job_.cpus_per_process = 3;
  EXPECT_EQ(status_of(start("exit 5", "")), 5);
  EXPECT_EQ(
      read_file(in("words")),
      "--kill-on-bad-exit=1\n--cpus-per-task=3\n--open-mode=append\n"
      "--output=" +
          in("some logs/rank-%t.log").string() +
          "\n/opt/nadir\npretrain\n--out\nmy $runs/it's\n");
  EXPECT_FALSE(fs::exists(in("requeued")));
}

TEST_F(SlurmScript, GoesOnWhenItWasRequeued) {
  EXPECT_EQ(status_of(start("exit 0", "2")), 0);
  EXPECT_TRUE(read_file(in("words")).ends_with("it's\n--resume\nauto\n"));
  job_.restart_arguments.clear();
  EXPECT_EQ(status_of(start("exit 0", "2")), 0);
  EXPECT_TRUE(read_file(in("words")).ends_with("it's\n"));
}

TEST_F(SlurmScript, HandsTheAddressOnThatTheUserGave) {
  job_.master_address = "10.0.0.1";
  job_.master_port = 29'400;
  EXPECT_EQ(status_of(start("echo $MASTER_ADDR:$MASTER_PORT > to", "")), 0);
  EXPECT_EQ(read_file(in("to")), "10.0.0.1:29400\n");
}

TEST_F(SlurmScript, RequeuesItselfNearTheTimeLimit) {
  EXPECT_EQ(run_to_the_time_limit("0", "sleep 0.2; exit 138"), 138);
  EXPECT_EQ(read_file(in("requeued")), "requeue 4711\n");
}

TEST_F(SlurmScript, RequeuesItselfWhereShIsBash) {
  fs::create_symlink("/bin/bash", in("bin/sh"));  // as on many clusters
  EXPECT_EQ(run_to_the_time_limit("0", "sleep 0.2; exit 138"), 138);
  EXPECT_EQ(read_file(in("requeued")), "requeue 4711\n");
  fs::remove(in("requeued"));
  EXPECT_EQ(run_to_the_time_limit("0", "sleep 0.2; exit 0"), 0);
  EXPECT_FALSE(fs::exists(in("requeued")));
}

TEST_F(SlurmScript, DoesNotRequeueWhatFinishedOrFailed) {
  for (const int status : {0, 4}) {
    EXPECT_EQ(
        run_to_the_time_limit("0", "exit " + std::to_string(status)), status);
    EXPECT_FALSE(fs::exists(in("requeued"))) << status;
  }
  // A rank that failed has the others ended by a signal, but no time limit.
  EXPECT_EQ(status_of(start("exit 143", "")), 143);
  EXPECT_FALSE(fs::exists(in("requeued")));
}

TEST_F(SlurmScript, RequeuesItselfAsOftenAsWished) {
  job_.max_restarts = 3;
  EXPECT_EQ(run_to_the_time_limit("3", "exit 138"), 138);
  EXPECT_FALSE(fs::exists(in("requeued")));
  EXPECT_EQ(run_to_the_time_limit("2", "exit 138"), 138);
  EXPECT_TRUE(fs::exists(in("requeued")));
}

TEST_F(SlurmScript, RefusesWhatSbatchWouldReadAsSomethingElse) {
  const auto expect_refused = [](const SlurmJob& job, const char* flag) {
    try {
      (void)slurm_script(job);
      FAIL() << flag;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_TRUE(std::string(error.what()).starts_with(flag)) << error.what();
    }
  };
  for (const char* bad : {"two words", "a\nb", "a#b", "it's", "\"", "\\"}) {
    auto job = job_;
    job.job_name = bad;
    expect_refused(job, "--job-name");
    job = job_;
    job.time_limit = bad;
    expect_refused(job, "--time");
  }
  for (const char* bad : {"", "constraint=a100", "--a\n#SBATCH --b"}) {
    auto job = job_;
    job.more_options = {bad};
    expect_refused(job, "--sbatch");
  }
  for (const char* bad : {"/a%j", "/it's", "/a\"", "/a\\", "/a\nb"}) {
    auto job = job_;
    job.log_folder = bad;
    expect_refused(job, "--log-dir");
  }
}

}  // namespace
}  // namespace nadir::launch
