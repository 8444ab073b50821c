#include "container/training_job.h"

#include <gtest/gtest.h>

#include "container/job_tree.h"
#include "core/error.h"
#include "support/variables.h"

namespace nadir::container {
namespace {

TEST(TrainingJob, IsReadFromTheTree) {
  JobTree tree;
  const auto train = tree.add_channel("train");
  tree.add_channel(
      "metadata",
      {{"TrainingInputMode", "FastFile"},
       {"S3DistributionType", "ShardedByS3Key"}});
  tree.set_hyperparameters({{"epochs", "3"}});
  tree.set_hosts({"algo-1", "algo-10", "algo-2"}, "algo-2");
  const auto job = tree.read({}, 8);
  EXPECT_EQ(job.hyperparameters.text("epochs"), "3");
  ASSERT_EQ(job.channels.size(), 2);
  EXPECT_EQ(job.channels[0].name, "metadata");
  EXPECT_EQ(job.channels[0].mode, "FastFile");
  EXPECT_TRUE(job.channels[0].is_sharded);
  EXPECT_EQ(job.channels[1], (Channel{"train", train, "File", false}));
  EXPECT_EQ(job.current_host, "algo-2");
  EXPECT_EQ(job.hosts.node_rank, 2);
  EXPECT_EQ(job.hosts.num_processes, 8);
  EXPECT_EQ(job.hosts.master_address, "algo-1");
  EXPECT_FALSE(job.is_first_host());
}

TEST(TrainingJob, NeedsNeitherHyperparametersNorChannels) {
  const JobTree tree;
  const auto job = tree.read();
  EXPECT_TRUE(job.hyperparameters.user.empty());
  EXPECT_TRUE(job.channels.empty());
  EXPECT_EQ(names_of(job.channels), "none");
}

TEST(TrainingJob, TakesFoldersForChannelsWhereNoFileNamesThem) {
  JobTree tree;
  tree.touch("input/data/train/a.png");
  const auto job = tree.read();
  EXPECT_EQ(names_of(job.channels), "train");
}

TEST(TrainingJob, FindsAChannelWhereItsVariableSays) {
  JobTree tree;
  tree.add_channel("my-data");
  const auto job = tree.read({{"SM_CHANNEL_MY-DATA", "/elsewhere"}});
  EXPECT_EQ(job.channels[0].folder, "/elsewhere");
}

TEST(TrainingJob, IsNoneWithoutAConfiguration) {
  const TemporaryFolder empty;
  try {
    (void)read_training_job(
        environment_with({{"SAGEMAKER_BASE_DIR", empty.path().string()}}), 0);
    FAIL() << "no job was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(
        std::string(error.what()).find("nadir pretrain trains without"),
        std::string::npos);
  }
}

TEST(TrainingJob, RefusesChannelsThatLeadElsewhere) {
  JobTree tree;
  tree.add_channel("ok");
  write_file(
      tree.base() / "input/config/inputdataconfig.json",
      R"({"../../etc": {"TrainingInputMode": "File"}})");
  EXPECT_THROW((void)tree.read(), Error);
}

TEST(JobPaths, BringPathsOfThePlatformHere) {
  const JobPaths paths("/base");
  EXPECT_EQ(paths.here("/opt/ml/input/data/train"), "/base/input/data/train");
  EXPECT_EQ(paths.here("/opt/ml"), "/base");
  EXPECT_EQ(paths.here("/opt/mlx/a"), "/opt/mlx/a");
  EXPECT_EQ(paths.here("/opt/ml/../ml/model"), "/base/model");
  EXPECT_EQ(paths.here("/data"), "/data");
  EXPECT_EQ(paths.here("data/a"), "data/a");
  EXPECT_THROW((void)paths.here("s3://bucket/key"), Error);
}

}  // namespace
}  // namespace nadir::container
