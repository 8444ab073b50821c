// Launching under engines without the engines: their variables, a Slurm that
// is not there, and what is refused.
#include <thread>

#include <unistd.h>

#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/world.h"
#include "core/file.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;
using Variables = std::map<std::string, std::string>;

class LaunchEngines : public testing::Test {
 protected:
  // `line` and a run of twelve steps, half of the recipe's batch a process.
  [[nodiscard]] Outcome nadir(
      const std::string& line,
      const Variables& variables = {},
      const std::string& more = "--batch-size-per-gpu 4") const {
    auto words = words_of(line);
    for (const auto& word : pretrain_words(run_, more)) {
      words.push_back(word);
    }
    return run_with(words, variables);
  }

  [[nodiscard]] Outcome run_with(
      const std::vector<std::string>& words, const Variables& variables) const {
    ProcessOptions options;
    options.folder = folder_.path();
    options.variables = variables;
    return run_nadir(words, options);
  }

  // A refusal that says all of `words`, and a folder as it was.
  void expect_refused(
      const Outcome& outcome, const std::vector<std::string>& words) const {
    EXPECT_EQ(outcome.exit_code, 2) << outcome.text();
    for (const auto& word : words) {
      EXPECT_NE(outcome.err.find(word), std::string::npos)
          << word << outcome.text();
    }
    EXPECT_TRUE(fs::is_empty(folder_.path())) << outcome.text();
  }

  void expect_losses_of_one_process() const {
    expect_finished_like(run_, finished_run());
  }

  const TemporaryFolder folder_;
  const fs::path run_ = folder_.path() / "run";
};

TEST_F(LaunchEngines, PretrainInATrainJobsPodStartsItsProcesses) {
  const auto outcome = nadir(
      "",
      {{"PET_NNODES", "1"},
       {"PET_NPROC_PER_NODE", "2"},
       {"PET_NODE_RANK", "0"},
       {"PET_MASTER_ADDR", "job-node-0-0.job"},
       {"PET_MASTER_PORT", "29500"}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  EXPECT_NE(outcome.err.find("TrainJob: host 0 of 1"), std::string::npos)
      << outcome.text();
  expect_losses_of_one_process();
}

TEST_F(LaunchEngines, TwoSagemakerContainersAreOneRun) {
  // Not 7777: other tests of this kind may run on this host.
  const std::string port = std::to_string(20'000 + ::getpid() % 10'000);
  const auto container = [&](const std::string& name) {
    const fs::path base = folder_.path() / name;
    // Addresses for names: nobody resolves algo-1 here.
    const std::string own = name == "algo-1" ? "127.0.0.1" : "127.0.0.2";
    write_file(
        base / "input" / "config" / "resourceconfig.json",
        R"({"current_host":")" + own +
            R"(","hosts":["127.0.0.1","127.0.0.2"],)"
            R"("network_interface_name":"lo"})");
    return nadir(
        "",
        {{"TRAINING_JOB_NAME", "a-job"},
         {"SAGEMAKER_BASE_DIR", base.string()},
         {"SM_NUM_GPUS", "0"},
         {"MASTER_PORT", port},
         {"SM_FRAMEWORK_PARAMS",
          R"({"sagemaker_distributed_dataparallel_enabled":true})"}});
  };
  Outcome second;
  std::thread other([&] { second = container("algo-2"); });
  const Outcome first = container("algo-1");
  other.join();
  EXPECT_EQ(first.exit_code, 0) << first.text();
  EXPECT_EQ(second.exit_code, 0) << second.text();
  EXPECT_NE(first.err.find("SageMaker: host 0 of 2"), std::string::npos);
  EXPECT_NE(first.err.find("SMDDP"), std::string::npos) << first.text();
  expect_losses_of_one_process();
}

TEST_F(LaunchEngines, ADryRunInAPodCountsAllProcesses) {
  const auto outcome = nadir(
      "",
      {{"PET_NNODES", "1"}, {"PET_NPROC_PER_NODE", "2"}},
      "--dry-run --batch-size-per-gpu 4");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  EXPECT_NE(outcome.err.find("effective batch 8"), std::string::npos)
      << outcome.text();
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(LaunchEngines, LaunchTakesTheHostsFromTheEnvironment) {
  const Variables pod = {
      {"PET_NNODES", "1"}, {"PET_NPROC_PER_NODE", "2"}, {"PET_NODE_RANK", "0"}};
  const auto outcome = nadir("launch --", pod);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  expect_losses_of_one_process();
}

TEST_F(LaunchEngines, FlagsAgainstTheEnvironmentAreRefusedWithBothValues) {
  const Variables pod = {
      {"PET_NNODES", "2"},
      {"PET_NPROC_PER_NODE", "4"},
      {"PET_NODE_RANK", "1"},
      {"PET_MASTER_ADDR", "10.0.0.1"},
      {"PET_MASTER_PORT", "29500"}};
  expect_refused(
      nadir("launch --nproc-per-node 2 --", pod),
      {"--nproc-per-node 2", "TrainJob says 4"});
  expect_refused(
      nadir("launch --nnodes 3 --", pod), {"--nnodes 3", "TrainJob says 2"});
  expect_refused(
      nadir("launch --node-rank 0 --", pod),
      {"--node-rank 0", "TrainJob says 1"});
  expect_refused(
      nadir("launch --master-addr 10.0.0.2 --", pod),
      {"--master-addr 10.0.0.2", "TrainJob says 10.0.0.1"});
}

TEST_F(LaunchEngines, FlagsOfAnotherEngineAreRefused) {
  for (const char* flag :
       {"--job-name=a",
        "--time=1",
        "--partition=a",
        "--account=a",
        "--gpus-per-node=1",
        "--cpus-per-task=1",
        "--mem=1G",
        "--stop-lead-s=9",
        "--log-dir=a",
        "--sbatch=--exclusive",
        "--overwrite",
        "--dry-run"}) {
    const std::string text = flag;
    expect_refused(
        nadir("launch " + text + " --"),
        {text.substr(0, text.find('=')), "--engine slurm"});
  }
  expect_refused(
      nadir("launch --engine slurm --node-rank 0 --"),
      {"--node-rank", "--engine local"});
  expect_refused(nadir("launch --engine pbs --"), {"pbs"});
}

TEST_F(LaunchEngines, ADryRunPrintsTheScriptAndWritesNothing) {
  const auto outcome = nadir(
      "launch --engine slurm --dry-run --nnodes 2 --nproc-per-node 3 "
      "--sbatch --exclusive --sbatch=--constraint=a,b --log-dir logs --");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.text();
  const std::string log =
      "#SBATCH --output=\"" + (folder_.path() / "logs/job-%j.log").string();
  for (const std::string& line :
       {std::string("#!/bin/sh\n"),
        std::string("#SBATCH --nodes=2\n"),
        std::string("#SBATCH --ntasks-per-node=3\n"),
        std::string("#SBATCH --exclusive\n#SBATCH --constraint=a,b\n"),
        std::string("then set -- --resume auto; fi"),
        log}) {
    EXPECT_NE(outcome.out.find(line), std::string::npos)
        << line << outcome.text();
  }
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  const auto resuming =
      nadir("launch --engine slurm --dry-run --", {}, "--resume auto");
  EXPECT_EQ(resuming.out.find("then set -- --resume"), std::string::npos);
}

TEST_F(LaunchEngines, WithoutSbatchThereIsAClearError) {
  const auto outcome =
      nadir("launch --engine slurm --", {{"PATH", "/nowhere"}});
  expect_refused(outcome, {"cannot start sbatch", "--dry-run"});
  const auto bad = nadir("launch --engine slurm --sbatch exclusive --");
  expect_refused(bad, {"--sbatch", "'exclusive'"});
}

TEST_F(LaunchEngines, TheBackendMustFitTheDevice) {
  expect_refused(
      nadir("", {}, "--device cpu --dist-backend nccl"),
      {"dist_backend nccl", "CPU"});
  expect_refused(
      nadir("", {}, "--dist_backend mpi"), {"dist_backend", "'mpi'"});
}

TEST_F(LaunchEngines, AFailureIsLeftForTorchrun) {
  const fs::path file = folder_.path() / "error.json";
  const auto outcome =
      nadir("", {{"TORCHELASTIC_ERROR_FILE", file.string()}}, "--out-dim 0");
  EXPECT_EQ(outcome.exit_code, 2) << outcome.text();
  const auto message = read_json(file).at("message").at("message");
  EXPECT_NE(message.get<std::string>().find("out_dim"), std::string::npos);
}

}  // namespace
}  // namespace nadir::cli
