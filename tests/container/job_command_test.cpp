#include "container/job_command.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "container/job_tree.h"
#include "core/config.h"
#include "core/error.h"

namespace nadir::container {
namespace {

using nlohmann::json;

const std::vector<CommandFlag>& some_flags() {
  static const std::vector<CommandFlag> flags = {
      {"arch"},
      {"patch_size"},
      {"epochs"},
      {"saveckp_freq"},
      {"bands"},
      {"norm_last_layer"},
      {"split"},
      {"resize_px"},
      {"device"},
      {"checkpoint_key"},
      {"resume"},
      {"keep_discouraged", false},
      {"init_weights"},
      {"out"}};
  return flags;
}

// The job's last step, with the tree's path as BASE.
std::string line_of(const JobTree& tree, const TrainingJob& job) {
  const auto command = translate_job(
      job,
      job_command_name(job.hyperparameters),
      some_flags(),
      tree.base() / "scratch");
  std::string line = join(command.steps.back(), " ");
  const std::string base = tree.base().string();
  for (size_t at = 0; (at = line.find(base, at)) != std::string::npos;) {
    line.replace(at, base.size(), "BASE");
  }
  return line;
}

// Why the job is refused.
std::string refusal_of(const TrainingJob& job, const JobTree& tree) {
  try {
    return "not refused: " + line_of(tree, job);
  } catch (const Error& error) {
    EXPECT_EQ(exit_code(error.code()), 2) << error.what();
    return error.what();
  }
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A channel with patches, and one with their index.
void add_images(JobTree& tree, const std::string& channel) {
  tree.add_channel(channel);
  tree.touch("input/data/" + channel + "/PATCH_1/PATCH_1_B02.tif");
  tree.touch("input/data/" + channel + "/PATCH_2/PATCH_2_B02.tif");
  tree.add_channel("metadata");
  tree.touch("input/data/metadata/final_ben_s2.parquet");
}

TEST(JobCommand, RunsTheArticlesPretraining) {
  JobTree tree;
  add_images(tree, "train");
  tree.set_hyperparameters(
      {{"arch", "\"vit_small\""},
       {"patch_size", "16"},
       {"epochs", "100"},
       {"saveckp_freq", "20"},
       {"metadata_dir", "\"/opt/ml/input/data/metadata\""},
       {"data_dir", "\"/opt/ml/input/data/train\""},
       {"output_dir", "\"/opt/ml/output/data\""},
       {"checkpoint_dir", "\"/opt/ml/checkpoints\""},
       {"sagemaker_program", "\"main_dino.py\""},
       {"sagemaker_submit_directory", "\"s3://b/s.tar.gz\""},
       {"sagemaker_distributed_dataparallel_enabled", "true"},
       {"sagemaker_instance_type", "\"ml.p3.16xlarge\""}});
  EXPECT_EQ(
      line_of(tree, tree.read()),
      "pretrain --data=BASE/input/data/train "
      "--index=BASE/input/data/metadata/final_ben_s2.parquet "
      "--out=BASE/checkpoints/run --resume=auto --arch=vit_small --epochs=100 "
      "--patch-size=16 --saveckp-freq=20");
}

TEST(JobCommand, RunsTheArticlesClassifierThoughItNamesAMissingChannel) {
  JobTree tree;
  add_images(tree, "dataset");
  tree.add_channel("dino_checkpoint");
  tree.touch("input/data/dino_checkpoint/run/checkpoints/step-00000008/x");
  tree.set_hyperparameters(
      {{"arch", "\"vit_small\""},
       {"pretrained_weights",
        "\"/opt/ml/input/data/dino_checkpoint/checkpoint.pth\""},
       {"epochs", "50"},
       {"data_dir", "\"/opt/ml/input/data/train\""},
       {"metadata_dir", "\"/opt/ml/input/data/metadata\""},
       {"output_dir", "\"/opt/ml/output/data\""},
       {"num_labels", "19"},
       {"sagemaker_program", "\"eval_linear.py\""}});
  const auto job = tree.read();
  EXPECT_EQ(
      line_of(tree, job),
      "eval linear --data=BASE/input/data/dataset "
      "--index=BASE/input/data/metadata/final_ben_s2.parquet "
      "--weights=BASE/input/data/dino_checkpoint/run "
      "--out=BASE/checkpoints/linear --epochs=50");
  const auto command = translate_job(job, "linear", some_flags(), tree.base());
  ASSERT_EQ(command.remarks.size(), 2);
  EXPECT_TRUE(says(command.remarks[0], "no channel 'train'"));
  EXPECT_TRUE(says(command.remarks[1], "no " + tree.base().string()));
  EXPECT_EQ(command.expected.at("num_labels"), "19");
  EXPECT_EQ(command.expected.at("arch"), "vit_small");
}

TEST(JobCommand, FindsChannelsByTheirUsualNames) {
  for (const char* name : {"train", "dataset", "pictures"}) {
    JobTree tree;
    add_images(tree, name);
    EXPECT_TRUE(says(
        line_of(tree, tree.read()),
        std::string("--data=BASE/input/data/") + name + " "))
        << name;
  }
}

TEST(JobCommand, TakesTheChannelsThatItIsTold) {
  JobTree tree;
  add_images(tree, "train");
  tree.add_channel("other");
  tree.touch("input/data/other/dataset.json");
  tree.set_hyperparameters(
      {{"data_channel", "other"}, {"metadata_channel", "metadata"}});
  const auto line = line_of(tree, tree.read());
  EXPECT_TRUE(says(line, "--data=BASE/input/data/other "));
  EXPECT_FALSE(says(line, "--index"));  // a packed dataset has its own
}

TEST(JobCommand, NamesTheChannelsThereAreWhereOneIsMissing) {
  JobTree tree;
  tree.add_channel("metadata");
  auto why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "'train' or 'dataset'")) << why;
  EXPECT_TRUE(says(why, "its channels: metadata")) << why;
  tree.touch("input/data/metadata/index.parquet");
  tree.set_hyperparameters({{"data_dir", "/opt/ml/input/data/metadata/tiles"}});
  why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "there is no")) << why;
  tree.set_hyperparameters({{"data_dir", "/opt/ml/input/data/train"}});
  why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "channel 'train', which the job does not")) << why;
  tree.set_hyperparameters({{"data_channel", "tiles"}});
  why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "no channel 'tiles'; its channels: metadata")) << why;
  tree.set_hyperparameters({{"nadir_command", "knn"}, {"data_dir", "/"}});
  why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "'dino_checkpoint' or 'checkpoint'")) << why;
}

TEST(JobCommand, LooksIntoAChannelsOnlyFolder) {
  JobTree tree;
  tree.add_channel("train");
  tree.touch("input/data/train/data_rgb/PATCH_1/PATCH_1_B02.tif");
  EXPECT_TRUE(says(
      line_of(tree, tree.read()), "--data=BASE/input/data/train/data_rgb "));
  // One patch is no folder of patches.
  JobTree single;
  single.add_channel("train");
  single.touch("input/data/train/PATCH_1/PATCH_1_B02.tif");
  EXPECT_TRUE(
      says(line_of(single, single.read()), "--data=BASE/input/data/train "));
}

TEST(JobCommand, ReadsImagesAtS3AndLeavesOutputsToThePlatform) {
  JobTree tree;
  tree.set_hyperparameters(
      {{"data_dir", "s3://bucket/ben"}, {"index", "s3://bucket/i.parquet"}});
  EXPECT_TRUE(says(
      line_of(tree, tree.read()),
      "pretrain --data=s3://bucket/ben --index=s3://bucket/i.parquet "));
  for (const char* name : {"output_dir", "checkpoint_dir"}) {
    tree.set_hyperparameters(
        {{"data_dir", "s3://bucket/ben"}, {name, "s3://bucket/x"}});
    EXPECT_TRUE(says(refusal_of(tree.read(), tree), "no path in the container"))
        << name;
  }
}

TEST(JobCommand, NeedsOneIndexInItsFolder) {
  JobTree tree;
  add_images(tree, "train");
  tree.touch("input/data/metadata/older.parquet");
  const auto why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "final_ben_s2.parquet, older.parquet")) << why;
}

TEST(JobCommand, StoresAPipeAndPacksTheArchiveThatItIs) {
  JobTree tree;
  tree.add_channel("train", {{"TrainingInputMode", "Pipe"}});
  auto why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "needs their index")) << why;
  tree.add_channel("metadata", {{"TrainingInputMode", "Pipe"}});
  // The article's words too: there is no such folder.
  for (const auto& values :
       {json::object(), json{{"data_dir", "/opt/ml/input/data/train"}}}) {
    tree.set_hyperparameters(values);
    const auto job = tree.read();
    const auto command =
        translate_job(job, "pretrain", some_flags(), tree.base() / "scratch");
    const auto pipes = tree.base() / "scratch/pipes";
    ASSERT_EQ(command.pipes.size(), 2);
    EXPECT_EQ(command.pipes[0].pipe, tree.base() / "input/data/train_0");
    EXPECT_EQ(command.pipes[0].file, pipes / "train");
    EXPECT_EQ(command.pipes[0].content, PipeContent::kArchive);
    EXPECT_EQ(command.pipes[1].file, pipes / "metadata");
    EXPECT_EQ(command.pipes[1].content, PipeContent::kParquet);
    ASSERT_EQ(command.steps.size(), 2);
    EXPECT_EQ(
        join(command.steps[0], " "),
        fmt::format(
            "data pack {0}/pipes/train --out={0}/dataset "
            "--index={0}/pipes/metadata",
            (tree.base() / "scratch").string()));
    EXPECT_TRUE(says(line_of(tree, job), "--data=BASE/scratch/dataset "));
  }
  tree.set_hyperparameters({{"nadir_command", "pack"}});
  EXPECT_EQ(
      line_of(tree, tree.read()),
      "data pack BASE/scratch/pipes/train "
      "--index=BASE/scratch/pipes/metadata --out=BASE/output/data/dataset");
  tree.set_hyperparameters({{"nadir_command", "index"}});
  EXPECT_TRUE(
      says(line_of(tree, tree.read()), "index BASE/scratch/pipes/train "));
}

TEST(JobCommand, ReadsNoPipeOfAnIndexThatIsNotAskedFor) {
  JobTree tree;
  tree.add_channel("train");
  tree.touch("input/data/train/dataset.json");
  tree.add_channel("metadata", {{"TrainingInputMode", "Pipe"}});
  const auto command = translate_job(
      tree.read(), "pretrain", some_flags(), tree.base() / "scratch");
  EXPECT_TRUE(command.pipes.empty());
}

TEST(JobCommand, RefusesModesThatBreakTheData) {
  JobTree pipe;
  add_images(pipe, "train");
  pipe.add_channel("checkpoint", {{"TrainingInputMode", "Pipe"}});
  pipe.set_hyperparameters({{"nadir_command", "linear"}});
  const auto why = refusal_of(pipe.read(), pipe);
  EXPECT_TRUE(says(why, "weights are looked for among the files")) << why;
  JobTree sharded;
  sharded.add_channel(
      "train",
      {{"TrainingInputMode", "File"},
       {"S3DistributionType", "ShardedByS3Key"}});
  sharded.touch("input/data/train/a.png");
  EXPECT_TRUE(says(line_of(sharded, sharded.read()), "pretrain"));  // one host
  sharded.set_hosts({"algo-1", "algo-2"}, "algo-1");
  EXPECT_TRUE(says(refusal_of(sharded.read(), sharded), "FullyReplicated"));
}

TEST(JobCommand, NamesTheNearestOfAnUnknownHyperparameter) {
  JobTree tree;
  add_images(tree, "train");
  tree.set_hyperparameters({{"epohcs", "3"}});
  auto why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "epohcs is no flag of nadir pretrain")) << why;
  EXPECT_TRUE(says(why, "did you mean 'epochs'?")) << why;
  tree.set_hyperparameters({{"metadata_chanel", "x"}});
  why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "'metadata_channel'")) << why;
  tree.set_hyperparameters({{"pretrained_weights", "x"}});
  why = refusal_of(tree.read(), tree);
  EXPECT_FALSE(says(why, "did you mean 'pretrained_weights'")) << why;
  tree.set_hyperparameters({{"resume", "no"}});
  why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "the job sets this itself")) << why;
  tree.set_hyperparameters({{"data_dir", "/x"}, {"data_path", "/y"}});
  why = refusal_of(tree.read(), tree);
  EXPECT_TRUE(says(why, "data_dir and data_path")) << why;
}

TEST(JobCommand, GivesEveryKindOfValue) {
  JobTree tree;
  add_images(tree, "train");
  tree.set_hyperparameters(
      {{"bands", "[\"B04\", \"B03\"]"},
       {"norm-last-layer", "True"},
       {"resize_px", "-1"},
       {"split", "\"\""}});
  EXPECT_TRUE(says(
      line_of(tree, tree.read()),
      "--bands=B04,B03 --norm-last-layer=True --resize-px=-1 --split "));
  tree.set_hyperparameters(
      {{"nadir_command", "index"}, {"keep_discouraged", "True"}});
  EXPECT_EQ(
      line_of(tree, tree.read()),
      "data index BASE/input/data/train --out=BASE/output/data/index.parquet "
      "--keep-discouraged");
  tree.set_hyperparameters(
      {{"nadir_command", "index"}, {"keep_discouraged", "0"}});
  EXPECT_FALSE(says(line_of(tree, tree.read()), "--keep-discouraged"));
  tree.set_hyperparameters(
      {{"nadir_command", "index"}, {"keep_discouraged", "perhaps"}});
  EXPECT_TRUE(says(refusal_of(tree.read(), tree), "keep_discouraged"));
}

TEST(JobCommand, IsToldOrKnownByItsScript) {
  const auto name_of = [](const json& values) {
    JobTree tree;
    tree.set_hyperparameters(values);
    return job_command_name(tree.read().hyperparameters);
  };
  EXPECT_EQ(name_of(json::object()), "pretrain");
  EXPECT_EQ(name_of({{"nadir_command", "knn"}}), "knn");
  EXPECT_EQ(name_of({{"sagemaker_program", "\"eval_linear.py\""}}), "linear");
  EXPECT_EQ(
      name_of({{"sagemaker_program", "x.py"}, {"nadir_command", "pretrain"}}),
      "pretrain");
  EXPECT_THROW((void)name_of({{"sagemaker_program", "x.py"}}), Error);
  EXPECT_THROW((void)name_of({{"nadir_command", "dance"}}), Error);
}

TEST(JobCommand, UsesAllGpusOfAllHosts) {
  JobTree tree;
  add_images(tree, "train");
  tree.touch("weights.pth");
  tree.set_hyperparameters(
      {{"nadir_command", "linear"},
       {"weights", (tree.base() / "weights.pth").string()}});
  auto line = line_of(tree, tree.read({}, 8));
  EXPECT_TRUE(line.starts_with("launch -- eval linear ")) << line;
  EXPECT_TRUE(says(line, "--device=cuda")) << line;
  line = line_of(tree, tree.read({}, 1));
  EXPECT_TRUE(line.starts_with("eval linear ")) << line;
  tree.set_hosts({"algo-1", "algo-2"}, "algo-2");
  line = line_of(tree, tree.read());
  EXPECT_TRUE(line.starts_with("launch -- eval linear ")) << line;
  EXPECT_FALSE(says(line, "--device")) << line;
}

TEST(JobCommand, TellsWhatEachCommandTakesBesideItsFlags) {
  const auto takes = [](const std::string& command, const std::string& name) {
    const auto names = contract_names(command);
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const char* name : {"pretrain", "linear", "predict", "pack"}) {
    EXPECT_TRUE(takes(name, "data_dir")) << name;
    EXPECT_TRUE(takes(name, "metadata_channel")) << name;
  }
  EXPECT_FALSE(takes("index", "metadata_dir"));
  EXPECT_TRUE(takes("linear", "num_labels"));
  EXPECT_FALSE(takes("predict", "num_labels"));
  EXPECT_TRUE(takes("predict", "probe"));
  EXPECT_TRUE(takes("knn", "pretrained_weights"));
  EXPECT_FALSE(takes("pretrain", "pretrained_weights"));
}

TEST(JobCommand, KeepsTheResultsOfHostsApart) {
  JobTree tree;
  add_images(tree, "train");
  tree.set_hosts({"algo-1", "algo-2"}, "algo-2");
  const auto job = tree.read();
  const auto command =
      translate_job(job, "pretrain", some_flags(), tree.base());
  EXPECT_EQ(command.output, tree.base() / "output/data/algo-2");
  EXPECT_TRUE(says(
      [&] {
        try {
          (void)translate_job(job, "pack", some_flags(), tree.base());
          return std::string();
        } catch (const Error& error) {
          return std::string(error.what());
        }
      }(),
      "runs on one host"));
}

}  // namespace
}  // namespace nadir::container
