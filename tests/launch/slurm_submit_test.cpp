// Submission to an sbatch of the test's own.
#include "launch/slurm_submit.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::launch {
namespace {

namespace fs = std::filesystem;

class SlurmSubmit : public testing::Test {
 protected:
  SlurmSubmit() {
    job_.command = {"/opt/nadir", "pretrain"};
    job_.log_folder = folder_.path() / "a" / "logs";
  }

  ~SlurmSubmit() override { ::setenv("PATH", path_.c_str(), 1); }

  // From now on the only program there is; without a body there is none.
  void set_sbatch(const std::string& body) const {
    const fs::path bin = folder_.path() / "bin";
    make_folder(bin);
    fs::remove(bin / "sbatch");
    if (!body.empty()) {
      write_file(bin / "sbatch", "#!/bin/sh\n" + body + "\n");
      fs::permissions(bin / "sbatch", fs::perms::owner_all);
    }
    ::setenv("PATH", bin.c_str(), 1);
  }

  void expect_refusal(ErrorCode code, const std::string& words) const {
    try {
      (void)submit_slurm_job(job_, false);
      FAIL() << words;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos)
          << error.what();
    }
  }

  const std::string path_ = std::getenv("PATH");
  const TemporaryFolder folder_;
  SlurmJob job_;
};

TEST_F(SlurmSubmit, LeavesTheScriptBesideTheLogs) {
  set_sbatch("[ \"$1\" = --parsable ] && [ -f \"$2\" ] && echo '4711;cluster'");
  const auto submitted = submit_slurm_job(job_, false);
  EXPECT_EQ(submitted.id, "4711");
  EXPECT_EQ(submitted.script, job_.log_folder / "job.sh");
  EXPECT_EQ(read_file(submitted.script), slurm_script(job_));
}

TEST_F(SlurmSubmit, TellsSbatchsOwnWordsAndLeavesNothing) {
  set_sbatch("echo 'sbatch: error: invalid partition' >&2; exit 1");
  expect_refusal(ErrorCode::kInvalidArgument, "invalid partition");
  set_sbatch("exit 1");
  expect_refusal(ErrorCode::kInvalidArgument, "no reason");
  set_sbatch("echo Submitted");
  expect_refusal(ErrorCode::kInvalidArgument, "'Submitted'");
  set_sbatch("");
  expect_refusal(ErrorCode::kNotFound, "--dry-run");
  EXPECT_FALSE(fs::exists(folder_.path() / "a"));
}

TEST_F(SlurmSubmit, KeepsAnotherJobsScriptUnlessAsked) {
  set_sbatch("echo 1");
  (void)submit_slurm_job(job_, false);
  (void)submit_slurm_job(job_, false);  // the same job once more
  const std::string first = slurm_script(job_);
  job_.num_nodes = 2;
  expect_refusal(ErrorCode::kInvalidArgument, "--overwrite");
  EXPECT_EQ(read_file(job_.log_folder / "job.sh"), first);
  EXPECT_EQ(submit_slurm_job(job_, true).id, "1");
  EXPECT_EQ(read_file(job_.log_folder / "job.sh"), slurm_script(job_));
}

TEST_F(SlurmSubmit, PutsTheOldScriptBackWhereTheNewJobIsRefused) {
  set_sbatch("echo 1");
  (void)submit_slurm_job(job_, false);
  const std::string first = slurm_script(job_);
  job_.num_nodes = 2;
  set_sbatch("exit 1");
  EXPECT_THROW((void)submit_slurm_job(job_, true), Error);
  EXPECT_EQ(read_file(job_.log_folder / "job.sh"), first);
}

}  // namespace
}  // namespace nadir::launch
