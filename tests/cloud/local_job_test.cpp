// A job on this host: the contract's files go in, the outputs come out.
#include "cloud/local_job.h"

#include <csignal>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

#include "cloud/example_spec.h"
#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"

namespace nadir::cloud {
namespace {

namespace fs = std::filesystem;

// Jobs whose container is a shell script.
class LocalJobTest : public testing::Test {
 protected:
  LocalJobTest() {
    write_file(folder_.path() / "data" / "a.tif", "a");
    job_.spec = example_spec();
    job_.spec.channels = {
        {"train", (folder_.path() / "data").string(), "File", false},
        {"one", (folder_.path() / "data" / "a.tif").string(), "File", false}};
    job_.folder = folder_.path() / "jobs" / "x";
    job_.on_line = [this](const std::string& line) { lines_.push_back(line); };
  }

  LocalResult run(const std::string& script) {
    job_.command = {"/bin/sh", "-ec", "cd $SAGEMAKER_BASE_DIR; " + script};
    return run_local_job(job_);
  }

  [[nodiscard]] std::string listing_of(const fs::path& archive) const {
    const fs::path list = folder_.path() / "list";
    const std::string command =
        "tar tzf " + archive.string() + " > " + list.string();
    EXPECT_EQ(std::system(command.c_str()), 0);
    return read_file(list);
  }

  const TemporaryFolder folder_;
  LocalJob job_;
  std::vector<std::string> lines_;
};

TEST_F(LocalJobTest, LaysOutTheContractAndCollectsTheOutputs) {
  const auto result =
      run("cat input/data/train/a.tif input/data/one/a.tif; echo; "
          "grep -c vit_small input/config/hyperparameters.json; "
          "grep -c algo-1 input/config/resourceconfig.json >&2; "
          "mkdir model/deep; echo w > model/deep/w; echo r > output/data/r; "
          "echo 7 > checkpoints/step; printf 'no newline'");
  EXPECT_EQ(result.status, 0) << result.failure_reason;
  EXPECT_EQ(lines_, (std::vector<std::string>{"aa", "1", "1", "no newline"}));
  EXPECT_EQ(listing_of(job_.folder / "output" / "model.tar.gz"), "deep/w\n");
  EXPECT_EQ(listing_of(job_.folder / "output" / "output.tar.gz"), "r\n");
  EXPECT_EQ(
      read_file(job_.folder / "logs" / "algo-1.log"), "aa\n1\n1\nno newline\n");
  // A second run finds the checkpoints of the first.
  EXPECT_EQ(run("cat checkpoints/step").status, 0);
  EXPECT_EQ(lines_.back(), "7");
}

TEST_F(LocalJobTest, FeedsAChannelInPipeModeThroughItsFifo) {
  write_file(folder_.path() / "data" / "b.tif", "bb");
  job_.spec.channels[0].mode = "Pipe";
  job_.spec.channels[1].mode = "Pipe";
  const auto result =
      run("test -p input/data/train_0; cat input/data/train_0; echo; "
          "grep -o '\"Pipe\"' input/config/inputdataconfig.json");
  EXPECT_EQ(result.status, 0) << result.failure_reason;
  EXPECT_EQ(lines_, (std::vector<std::string>{"abb", "\"Pipe\"", "\"Pipe\""}));
}

TEST_F(LocalJobTest, TellsTheFailureAsSageMakerWould) {
  const auto result = run("echo 'no band B10' > output/failure; exit 3");
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.failure_reason, "AlgorithmError: no band B10, exit code: 3");
  EXPECT_FALSE(fs::exists(job_.folder / "output"));
}

TEST_F(LocalJobTest, PassesOnTheSignalAndKeepsTheModel) {
  catch_signals();
  job_.on_line = [](const std::string&) { ::raise(SIGTERM); };
  const auto result =
      run("trap 'echo w > model/w; exit 0' TERM; echo ready; "
          "while :; do sleep 0.02; done");
  forget_signal();
  ::signal(SIGTERM, SIG_DFL);
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(listing_of(job_.folder / "output" / "model.tar.gz"), "w\n");
}

TEST_F(LocalJobTest, NamesAChannelThatIsNotThere) {
  job_.spec.channels[0].uri = "/no/such/folder";
  EXPECT_THROW((void)run("true"), Error);
}

}  // namespace
}  // namespace nadir::cloud
