#include "checkpoint/key_map.h"

#include <gtest/gtest.h>

#include "checkpoint/fake_backbone.h"
#include "core/error.h"

namespace nadir::checkpoint {
namespace {

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(KeyMap, SmallHasThe150TensorsOfThePublishedFile) {
  model::VitConfig config;
  const auto shapes = backbone_shapes(config);
  EXPECT_EQ(shapes.size(), 150U);
  int64_t num_parameters = 0;
  for (const auto& [name, shape] : shapes) {
    int64_t numel = 1;
    for (const int64_t size : shape) {
      numel *= size;
    }
    num_parameters += numel;
  }
  EXPECT_EQ(num_parameters, 21'665'664);
}

TEST(KeyMap, StripsWrappersAndDropsHeads) {
  const TensorMap bare = nano_backbone();
  TensorMap student = with_prefix(bare, "module.backbone.");
  student["module.head.mlp.0.weight"] = at::zeros({1});
  TensorMap teacher = with_prefix(bare, "backbone.");
  teacher["head.mlp.0.weight"] = at::zeros({1});
  TensorMap classifier = bare;
  classifier["head.weight"] = at::zeros({1});
  for (const auto& tensors : {student, teacher, classifier}) {
    KeyReport report;
    const TensorMap found = select_backbone(tensors, report);
    EXPECT_EQ(found.size(), bare.size());
    EXPECT_EQ(report.dropped.size(), 1U);
    EXPECT_TRUE(found.at("cls_token").is_same(bare.at("cls_token")));
  }
}

TEST(KeyMap, InfersTheNetworkFromShapes) {
  const auto config = infer_config(nano_backbone());
  EXPECT_EQ(config.arch, "vit_nano");
  EXPECT_EQ(config.patch_size, 8);
  EXPECT_EQ(config.image_size, 32);
  EXPECT_EQ(config.in_channels, 3);
}

TEST(KeyMap, RefusesWhatIsNoKnownNetwork) {
  TensorMap tensors = nano_backbone();
  tensors.erase("blocks.5.norm1.weight");
  EXPECT_NE(
      error_of([&] {
        (void)infer_config(tensors);
      }).find("width 128 and 5 blocks is none of"),
      std::string::npos);
  EXPECT_NE(
      error_of([] {
        (void)infer_config({{"conv1.weight", at::zeros({1})}});
      }).find("the first named 'conv1.weight'"),
      std::string::npos);
  tensors["pos_embed"] = at::zeros({1, 7, 128});
  EXPECT_NE(
      error_of([&] { (void)infer_config(tensors); }).find("7 tokens"),
      std::string::npos);
}

TEST(KeyMap, AccountsForEveryTensor) {
  TensorMap tensors = nano_backbone();
  const size_t num_wanted = tensors.size();
  tensors.erase("norm.bias");
  tensors["extra"] = at::zeros({1});
  tensors["cls_token"] = at::zeros({1, 1, 64});
  KeyReport report;
  match_keys(tensors, backbone_shapes(nano_config()), report);
  EXPECT_EQ(report.missing, std::vector<std::string>{"norm.bias"});
  EXPECT_EQ(report.unexpected, std::vector<std::string>{"extra"});
  EXPECT_EQ(
      report.mismatched,
      std::vector<std::string>{"cls_token: [1, 1, 64], want [1, 1, 128]"});
  EXPECT_EQ(report.matched.size(), num_wanted - 2);
  const std::string message =
      error_of([&] { require_all_matched(report, "x.pth"); });
  for (const char* part : {"x.pth", "norm.bias", "extra", "want [1, 1, 128]"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(KeyMap, FoldsLayerScaleExactly) {
  TensorMap tensors = nano_backbone();
  const at::Tensor weight = tensors["blocks.2.mlp.fc2.weight"];
  const at::Tensor bias = tensors["blocks.2.mlp.fc2.bias"];
  const at::Tensor gamma = at::rand({128}) + 0.5;
  tensors["blocks.2.ls2.gamma"] = gamma;
  tensors["blocks.0.ls1.gamma"] = gamma;
  tensors["mask_token"] = at::zeros({1, 128});
  KeyReport report;
  fold_dinov2(tensors, report);
  EXPECT_EQ(report.folded.size(), 2U);
  EXPECT_EQ(report.dropped, std::vector<std::string>{"mask_token"});
  const at::Tensor x = at::randn({3, 512});
  const at::Tensor want = (at::linear(x, weight, bias)) * gamma;
  const at::Tensor got = at::linear(
      x, tensors["blocks.2.mlp.fc2.weight"], tensors["blocks.2.mlp.fc2.bias"]);
  EXPECT_LT((got - want).abs().max().item<double>(), 1e-5);
  match_keys(tensors, backbone_shapes(nano_config()), report);
  require_all_matched(report, "folded");
}

TEST(KeyMap, RefusesWhatNadirsNetworkLacks) {
  for (const auto& [name, reason] :
       {std::pair{"register_tokens", "register tokens"},
        std::pair{"blocks.0.mlp.w12.weight", "SwiGLU"},
        std::pair{"blocks.0.3.norm1.weight", "block_chunks=0"}}) {
    TensorMap tensors = {{name, at::zeros({1})}};
    KeyReport report;
    EXPECT_NE(
        error_of([&] { fold_dinov2(tensors, report); }).find(reason),
        std::string::npos);
  }
}

TEST(KeyMap, InflationKeepsTheTokensOfGreyImages) {
  at::manual_seed(4);
  const at::Tensor weight = at::randn({5, 3, 2, 2});
  const auto token = [](const at::Tensor& w) { return w.sum({1, 2, 3}); };
  for (const int64_t num_bands : {1, 3, 4, 12}) {
    const at::Tensor mean =
        inflate_patch_embedding(weight, num_bands, Inflation::kMean);
    EXPECT_EQ(mean.size(1), num_bands);
    EXPECT_TRUE(at::allclose(token(mean), token(weight), 1e-5, 1e-5));
  }
  const at::Tensor turns =
      inflate_patch_embedding(weight, 12, Inflation::kRepeat);
  EXPECT_TRUE(at::allclose(token(turns), token(weight), 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(turns.select(1, 4), weight.select(1, 1) / 4));
  EXPECT_TRUE(
      inflate_patch_embedding(weight, 3, Inflation::kRepeat).equal(weight));
}

}  // namespace
}  // namespace nadir::checkpoint
