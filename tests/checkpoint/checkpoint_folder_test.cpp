#include "checkpoint/checkpoint_folder.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/log.h"

namespace nadir::checkpoint {
namespace {

namespace fs = std::filesystem;

class CheckpointFolder : public testing::Test {
 protected:
  void SetUp() override { set_log_level(LogLevel::kError); }

  void TearDown() override { set_log_level(LogLevel::kInfo); }

  fs::path run() const { return temporary_.path() / "run"; }

  fs::path folder(int64_t step) const {
    return run() / "checkpoints" / step_name(step);
  }

  void save(int64_t step, double value = 0) const {
    State state;
    state.tensors["student.cls_token"] = at::full({2, 3}, value);
    state.tensors["rng"] = at::arange(4);
    state.meta = {{"step", step}, {"loss", 0.1}};
    save_checkpoint(folder(step), state);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& path : list_checkpoints(run())) {
      result.push_back(path.filename().string());
    }
    return result;
  }

  void damage(const fs::path& file, size_t offset) const {
    std::string bytes = read_file(file);
    bytes.at(bytes.size() - 1 - offset) ^= 1;
    write_file(file, bytes);
  }

  std::string error_of(int64_t step, ErrorCode code) const {
    try {
      (void)load_checkpoint(folder(step));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

 private:
  TemporaryFolder temporary_;
};

TEST_F(CheckpointFolder, LoadsWhatWasSaved) {
  save(100, 1.5);
  const State state = load_checkpoint(folder(100));
  EXPECT_TRUE(
      state.tensors.at("student.cls_token").equal(at::full({2, 3}, 1.5)));
  EXPECT_TRUE(state.tensors.at("rng").equal(at::arange(4)));
  EXPECT_EQ(state.meta["step"], 100);
  EXPECT_EQ(find_latest(run()), folder(100));
}

TEST_F(CheckpointFolder, ReplacesAFolderOfTheSameStep) {
  save(100, 1);
  save(100, 2);
  EXPECT_EQ(
      load_checkpoint(folder(100))
          .tensors.at("student.cls_token")[0][0]
          .item<double>(),
      2);
  size_t num_entries = 0;
  for (const auto& entry : fs::directory_iterator(run() / "checkpoints")) {
    (void)entry;
    ++num_entries;
  }
  EXPECT_EQ(num_entries, 2U);  // the folder and `latest`
}

TEST_F(CheckpointFolder, RefusesDamageNamingTheFile) {
  save(1);
  damage(folder(1) / "state.safetensors", 0);
  EXPECT_NE(
      error_of(1, ErrorCode::kCorruptData)
          .find("the checksum of state.safetensors differs"),
      std::string::npos);
  save(2);
  fs::resize_file(folder(2) / "state.safetensors", 20);
  EXPECT_NE(
      error_of(2, ErrorCode::kCorruptData)
          .find("state.safetensors has the wrong size"),
      std::string::npos);
  save(3);
  fs::remove(folder(3) / "meta.json");
  EXPECT_NE(
      error_of(3, ErrorCode::kCorruptData).find("meta.json is missing"),
      std::string::npos);
  save(4);
  write_file(folder(4) / "manifest.json", "{");
  EXPECT_NE(
      error_of(4, ErrorCode::kCorruptData).find("manifest.json is no JSON"),
      std::string::npos);
  write_file(folder(4) / "manifest.json", "{\"version\": 9}");
  EXPECT_NE(
      error_of(4, ErrorCode::kCorruptData).find("not of version 1"),
      std::string::npos);
  (void)error_of(5, ErrorCode::kNotFound);
}

TEST_F(CheckpointFolder, FallsBackToTheNewestCompleteOne) {
  save(10);
  save(20);
  save(100);
  EXPECT_EQ(find_latest(run()), folder(100));
  damage(folder(100) / "meta.json", 3);
  EXPECT_EQ(find_latest(run()), folder(20));
  fs::remove(run() / "checkpoints" / "latest");
  EXPECT_EQ(find_latest(run()), folder(20));
  write_file(run() / "checkpoints" / "latest", "../../etc");
  EXPECT_EQ(find_latest(run()), folder(20));
  damage(folder(20) / "meta.json", 3);
  EXPECT_EQ(find_latest(run()), folder(10));
  damage(folder(10) / "meta.json", 3);
  EXPECT_EQ(find_latest(run()), std::nullopt);
  EXPECT_EQ(find_latest(run() / "nowhere"), std::nullopt);
}

TEST_F(CheckpointFolder, TakesTheNamedOneBeforeANewerOne) {
  save(20);
  save(10);  // a run that was set back
  EXPECT_EQ(find_latest(run()), folder(10));
}

TEST_F(CheckpointFolder, IgnoresWhatAKilledWriterLeft) {
  save(10);
  fs::create_directories(run() / "checkpoints" / ".step-00000020.new");
  fs::create_directories(run() / "checkpoints" / "step-20");
  EXPECT_EQ(names(), (std::vector<std::string>{"step-00000010"}));
  save(20);
  EXPECT_EQ(find_latest(run()), folder(20));
}

TEST_F(CheckpointFolder, PruneKeepsLatestBestAndThoseDue) {
  for (const int64_t step : {5, 10, 15, 20, 25, 30}) {
    save(step);
  }
  fs::create_directories(run() / "checkpoints" / ".step-00000001.new");
  EXPECT_EQ(
      prune(run(), {step_name(5)}, 20),
      (std::vector<std::string>{step_name(10), step_name(15), step_name(25)}));
  EXPECT_EQ(
      names(),
      (std::vector<std::string>{step_name(5), step_name(20), step_name(30)}));
  EXPECT_FALSE(fs::exists(run() / "checkpoints" / ".step-00000001.new"));
  EXPECT_EQ(find_latest(run()), folder(30));
}

TEST_F(CheckpointFolder, PruneKeepsEverythingWithoutLatest) {
  save(1);
  save(2);
  fs::remove(run() / "checkpoints" / "latest");
  EXPECT_TRUE(prune(run(), {}).empty());
  EXPECT_EQ(names().size(), 2U);
}

TEST(CheckpointName, IsTheStepInEightDigitsOrMore) {
  EXPECT_EQ(step_name(7), "step-00000007");
  EXPECT_EQ(step_of("step-00000007"), 7);
  EXPECT_EQ(step_of(step_name(1234567890123)), 1234567890123);
  for (const char* other : {"step-7", "step-0000000x", "latest", "", "step-"}) {
    EXPECT_EQ(step_of(other), std::nullopt) << other;
  }
  EXPECT_THROW(save_checkpoint("/tmp/best", State{}), Error);
}

}  // namespace
}  // namespace nadir::checkpoint
