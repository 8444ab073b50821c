#include "checkpoint/checkpoint_writer.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::checkpoint {
namespace {

namespace fs = std::filesystem;

State state_of_ones() {
  State state;
  state.tensors["weight"] = at::ones({3, 4});
  state.meta = {{"step", 7}};
  return state;
}

class CheckpointWriterTest : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const fs::path checkpoint_ = folder_.path() / "checkpoints" / step_name(7);
};

TEST_F(CheckpointWriterTest, WritesTheStateOfTheStartWhileTheTrainingGoesOn) {
  State state = state_of_ones();
  std::promise<void> may_end;
  CheckpointWriter writer;
  writer.start(checkpoint_, state, [&] { may_end.get_future().wait(); });
  EXPECT_TRUE(writer.has_started());
  EXPECT_FALSE(writer.is_done());
  state.tensors["weight"].fill_(2);  // the next step
  may_end.set_value();
  writer.finish();
  EXPECT_FALSE(writer.has_started());
  const auto loaded = load_checkpoint(checkpoint_);
  EXPECT_TRUE(at::equal(loaded.tensors.at("weight"), at::ones({3, 4})));
  EXPECT_EQ(loaded.meta["step"], 7);
}

TEST_F(CheckpointWriterTest, TheOwnerLearnsWhyNothingWasWritten) {
  write_file(folder_.path() / "checkpoints", "a file where the folder goes");
  CheckpointWriter writer;
  bool is_called = false;
  writer.start(checkpoint_, state_of_ones(), [&] { is_called = true; });
  EXPECT_THROW(writer.finish(), Error);
  EXPECT_FALSE(is_called);
  EXPECT_FALSE(writer.has_started());
}

TEST_F(CheckpointWriterTest, EndsOnlyWhenTheCheckpointIsWhole) {
  {
    CheckpointWriter writer;
    writer.start(checkpoint_, state_of_ones(), [] {});
  }
  EXPECT_EQ(find_latest(folder_.path()), checkpoint_);
}

}  // namespace
}  // namespace nadir::checkpoint
