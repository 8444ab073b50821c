#include "container/weights_source.h"

#include <gtest/gtest.h>

#include "container/job_tree.h"
#include "core/error.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;

// What find_weights() takes of a folder with these files, below it.
std::string found_in(const std::vector<std::string>& files) {
  JobTree tree;
  for (const auto& file : files) {
    tree.touch("channel/" + file);
  }
  const auto found =
      find_weights(tree.base() / "channel", tree.base() / "scratch");
  return fs::relative(found, tree.base() / "channel").string();
}

TEST(WeightsSource, TakesWhatAnEarlierJobHasLeft) {
  const std::string state = "/state.safetensors";
  // The checkpoints that the platform synchronised, as `nadir train` laid them
  // out, as a user's own folder, and with files beside them.
  EXPECT_EQ(
      found_in(
          {"run/checkpoints/step-00000004" + state,
           "run/checkpoints/step-00000008" + state,
           "run/checkpoints/latest",
           "run/metrics.jsonl",
           "run/weights/teacher.safetensors"}),
      "run");
  EXPECT_EQ(found_in({"checkpoints/step-00000004" + state}), ".");
  EXPECT_EQ(found_in({"step-00000004" + state}), "step-00000004");
  // A model folder, and DINO's own files.
  EXPECT_EQ(
      found_in({"config.json", "model.safetensors", "probe.safetensors"}),
      "model.safetensors");
  EXPECT_EQ(found_in({"a/b/backbone.pth"}), "a/b/backbone.pth");
  EXPECT_EQ(
      found_in({"checkpoint0020.pth", "checkpoint0080.pth", "x.txt"}),
      "checkpoint0080.pth");
  EXPECT_EQ(
      found_in({"checkpoint0080.pth", "checkpoint.pth"}), "checkpoint.pth");
}

TEST(WeightsSource, SaysWhatItFoundWhereItCannotChoose) {
  try {
    (void)found_in(
        {"a/checkpoints/step-00000001/x", "b/checkpoints/step-00000001/x"});
    FAIL() << "one of two runs was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("channel/b"), std::string::npos);
  }
  try {
    (void)found_in({"notes.txt"});
    FAIL() << "weights in a note";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

TEST(WeightsSource, TakesAFileAsItIs) {
  JobTree tree;
  const auto file = tree.touch("w/backbone.pth");
  EXPECT_EQ(find_weights(file, tree.base()), file);
}

TEST(WeightsSource, FindsTheProbeOfAModelOrARun) {
  JobTree tree;
  tree.touch("model/probe.json");
  EXPECT_EQ(
      find_probe(tree.base() / "model", tree.base()), tree.base() / "model");
  tree.touch("ckpt/run/checkpoints/step-00000001/x");
  tree.touch("ckpt/run/eval/linear/probe.json");
  EXPECT_EQ(
      find_probe(tree.base() / "ckpt", tree.base()),
      tree.base() / "ckpt/run/eval/linear");
  tree.touch("none/x");
  EXPECT_THROW((void)find_probe(tree.base() / "none", tree.base()), Error);
}

}  // namespace
}  // namespace nadir::container
