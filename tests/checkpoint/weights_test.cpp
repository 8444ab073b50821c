#include "checkpoint/weights.h"

#include <gtest/gtest.h>

#include "checkpoint/checkpoint_folder.h"
#include "checkpoint/fake_backbone.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace nadir::checkpoint {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json known_info() {
  json info = Weights::unknown_info();
  info["bands"] = {"B04", "B03", "B02"};
  info["normalization"] = {{"name", "rgb2000"}, {"high", 2000}};
  info["class_names"] = {"Pastures"};
  return info;
}

class WeightsTest : public testing::Test {
 protected:
  fs::path path(const std::string& name) const {
    return temporary_.path() / name;
  }

  static Weights load(
      const fs::path& path, const std::string& checkpoint_key = "") {
    WeightsOptions options;
    options.path = path;
    options.checkpoint_key = checkpoint_key;
    return load_weights(options);
  }

  static std::string error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      EXPECT_EQ(exit_code(error.code()), 2) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  static void expect_same(const TensorMap& got, const TensorMap& want) {
    ASSERT_EQ(got.size(), want.size());
    for (const auto& [name, tensor] : want) {
      EXPECT_TRUE(got.at(name).equal(tensor)) << name;
    }
  }

  // A run with one checkpoint as training writes it.
  fs::path make_run() const {
    State state;
    for (const auto& [part, seed] :
         {std::pair{"student", 1}, std::pair{"teacher", 2}}) {
      const std::string prefix = part;
      state.tensors.merge(
          with_prefix(nano_backbone(seed), prefix + ".backbone."));
      state.tensors[prefix + ".head.mlp.0.weight"] = at::ones({2, 2});
    }
    state.tensors["dino_loss.center"] = at::full({1, 4}, 0.5);
    state.meta = {
        {"epoch", 3}, {"weights", weights_config(nano_config(), known_info())}};
    save_checkpoint(path("run") / "checkpoints" / step_name(30), state);
    return path("run");
  }

 private:
  TemporaryFolder temporary_;
};

TEST_F(WeightsTest, ReadsBackASavedFolderWithItsInfo) {
  Weights written;
  written.config = nano_config();
  written.tensors = nano_backbone();
  written.info = known_info();
  const fs::path file = save_weights(path("w"), written);
  EXPECT_EQ(file, path("w") / "model.safetensors");
  for (const fs::path& source : {path("w"), file}) {
    const Weights read = load(source);
    expect_same(read.tensors, written.tensors);
    EXPECT_EQ(read.info, written.info);
    EXPECT_EQ(read.config.arch, "vit_nano");
    EXPECT_EQ(read.report.matched.size(), written.tensors.size());
  }
}

TEST_F(WeightsTest, NeverReplacesWhatItReads) {
  Weights weights;
  weights.config = nano_config();
  weights.tensors = nano_backbone();
  weights.info = known_info();
  const fs::path file = save_weights(path("w"), weights);
  for (const fs::path& out : {path("w"), file}) {
    EXPECT_THROW(check_not_source(file, out), Error);
    EXPECT_THROW(check_not_source(path("w"), out), Error);
  }
  check_not_source(file, path("w") / "other.safetensors");
  check_not_source(path("missing.pth"), path("new"));
}

TEST_F(WeightsTest, TakesTheTeacherOfARunUnlessAsked) {
  const fs::path run = make_run();
  expect_same(load(run).tensors, nano_backbone(2));
  const fs::path checkpoint = run / "checkpoints" / step_name(30);
  expect_same(load(checkpoint).tensors, nano_backbone(2));
  const Weights student = load(run, "student");
  expect_same(student.tensors, nano_backbone(1));
  EXPECT_EQ(student.info, known_info());
  EXPECT_NE(
      error_of([&] { (void)load(run, "both"); }).find("teacher or student"),
      std::string::npos);
}

TEST_F(WeightsTest, ReadsTheOfficialLayouts) {
  write_pth_backbone(path("b.pth"), nano_backbone());
  expect_same(load(path("b.pth")).tensors, nano_backbone());

  write_pth_full(path("f.pth"), load_full_checkpoint(make_run()), {});
  expect_same(load(path("f.pth")).tensors, nano_backbone(2));
  expect_same(load(path("f.pth"), "student").tensors, nano_backbone(1));
  EXPECT_TRUE(load(path("f.pth")).info["bands"].is_null());
}

TEST_F(WeightsTest, GoesThroughAFullFileAndBack) {
  const FullCheckpoint before = load_full_checkpoint(make_run());
  write_pth_full(path("f.pth"), before, {});
  const FullCheckpoint after = load_full_checkpoint(path("f.pth"));
  expect_same(after.student, before.student);
  expect_same(after.teacher, before.teacher);
  EXPECT_EQ(after.epoch, 3);
  EXPECT_TRUE(after.center.equal(before.center));
}

TEST_F(WeightsTest, SaysSoWhereABackboneStandsForAFullCheckpoint) {
  write_pth_backbone(path("b.pth"), nano_backbone());
  EXPECT_NE(
      error_of([&] {
        (void)load(path("b.pth"), "teacher");
      }).find("holds a backbone alone, not a full checkpoint"),
      std::string::npos);
  EXPECT_NE(
      error_of([&] {
        (void)load_full_checkpoint(path("b.pth"));
      }).find("is no full checkpoint"),
      std::string::npos);
}

TEST_F(WeightsTest, RefusesAnIncompleteBackbone) {
  TensorMap tensors = nano_backbone();
  tensors.erase("blocks.3.attn.qkv.bias");
  write_safetensors(path("x.safetensors"), tensors);
  const std::string message =
      error_of([&] { (void)load(path("x.safetensors")); });
  EXPECT_NE(message.find("blocks.3.attn.qkv.bias"), std::string::npos);
  EXPECT_NE(message.find("x.safetensors"), std::string::npos);
}

TEST_F(WeightsTest, RefusesAConfigThatContradictsTheTensors) {
  Weights weights;
  weights.config = nano_config();
  weights.tensors = nano_backbone();
  save_weights(path("w"), weights);
  json config = parse_json(read_file(path("w") / "config.json"));
  config["patch_size"] = 16;
  write_file(path("w") / "config.json", json_text(config));
  EXPECT_NE(
      error_of([&] {
        (void)load(path("w"));
      }).find("its config says patch_size = 16, its tensors 8"),
      std::string::npos);
}

TEST_F(WeightsTest, NeverTakesAnotherFilesConfig) {
  Weights weights;
  weights.config = nano_config();
  weights.tensors = nano_backbone();
  save_weights(path("w") / "a.safetensors", weights);
  EXPECT_NE(
      error_of([&] {
        save_weights(path("w") / "b.safetensors", weights);
      }).find("belongs to other weights"),
      std::string::npos);
}

TEST_F(WeightsTest, ChangesShapesOnlyWhenAsked) {
  write_safetensors(path("x.safetensors"), nano_backbone());
  WeightsOptions options;
  options.path = path("x.safetensors");
  options.image_size = 64;
  options.in_channels = 12;
  const Weights weights = load_weights(options);
  EXPECT_EQ(weights.config.image_size, 64);
  EXPECT_EQ(weights.config.in_channels, 12);
  EXPECT_EQ(weights.tensors.at("pos_embed").size(1), 65);
  EXPECT_EQ(weights.tensors.at("patch_embed.proj.weight").size(1), 12);
  EXPECT_EQ(weights.report.resized.size(), 2U);
  EXPECT_TRUE(load(path("x.safetensors")).report.resized.empty());
}

TEST_F(WeightsTest, RefusesOtherBandsAndNormalisation) {
  const json info = known_info();
  check_compatible(info, {"B04", "B03", "B02"}, info["normalization"]);
  check_compatible(Weights::unknown_info(), {"B01"}, {{"name", "zscore"}});
  check_compatible(info, {}, nullptr);
  const std::string bands = error_of([&] {
    check_compatible(info, {"B02", "B03", "B04"}, nullptr);
  });
  EXPECT_NE(bands.find("B04,B03,B02"), std::string::npos);
  EXPECT_NE(bands.find("B02,B03,B04"), std::string::npos);
  const std::string name = error_of([&] {
    check_compatible(info, {}, {{"name", "zscore"}});
  });
  EXPECT_NE(name.find("rgb2000"), std::string::npos);
  EXPECT_NE(name.find("zscore"), std::string::npos);
  const std::string figures = error_of([&] {
    check_compatible(info, {}, {{"name", "rgb2000"}, {"high", 3000}});
  });
  EXPECT_NE(figures.find("3000"), std::string::npos);
}

TEST_F(WeightsTest, NamesWhatIsNotThere) {
  EXPECT_NE(
      error_of([&] { (void)load(path("nothing")); }).find("no weights"),
      std::string::npos);
  fs::create_directories(path("empty"));
  EXPECT_NE(
      error_of([&] { (void)load(path("empty")); }).find("neither a run"),
      std::string::npos);
  fs::create_directories(path("young") / "checkpoints");
  EXPECT_NE(
      error_of([&] {
        (void)load(path("young"));
      }).find("no complete checkpoint yet"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::checkpoint
