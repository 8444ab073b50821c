#include "checkpoint/module_state.h"

#include <gtest/gtest.h>

#include "checkpoint/fake_backbone.h"
#include "core/error.h"

namespace nadir::checkpoint {
namespace {

Weights nano_weights() {
  Weights weights;
  weights.config = nano_config();
  weights.tensors = nano_backbone();
  weights.source = "nano";
  return weights;
}

TEST(ModuleState, TheNetworksNamesAndShapesAreThoseOfTheKeyMap) {
  for (const std::string arch : {"vit_nano", "vit_tiny"}) {
    model::VitConfig config = nano_config();
    config.arch = arch;
    const TensorMap state = state_of(model::VisionTransformer(config));
    KeyReport report;
    match_keys(state, backbone_shapes(config), report);
    EXPECT_NO_THROW(require_all_matched(report, arch));
  }
}

TEST(ModuleState, BackboneHasTheWeightsAndNoGradients) {
  const Weights weights = nano_weights();
  const auto backbone = make_backbone(weights);
  for (const auto& [name, tensor] : state_of(*backbone)) {
    EXPECT_TRUE(tensor.equal(weights.tensors.at(name))) << name;
  }
  const at::Tensor features = backbone->forward(at::randn({2, 3, 32, 32}));
  EXPECT_EQ(features.sizes(), (std::vector<int64_t>{2, 128}));
  EXPECT_FALSE(features.requires_grad());
  EXPECT_TRUE(features.isfinite().all().item<bool>());
}

TEST(ModuleState, LoadsByPrefixAndLeavesTheModuleOnMismatch) {
  const auto backbone = make_backbone(nano_weights());
  TensorMap tensors = with_prefix(nano_backbone(2), "teacher.backbone.");
  tensors["teacher.head.weight"] = at::zeros({1});
  load_state(*backbone, tensors, "x", "teacher.backbone.");
  EXPECT_TRUE(state_of(*backbone)
                  .at("cls_token")
                  .equal(nano_backbone(2).at("cls_token")));
  TensorMap broken = nano_backbone(3);
  broken.erase("norm.weight");
  EXPECT_THROW(load_state(*backbone, broken, "x"), Error);
  EXPECT_TRUE(state_of(*backbone)
                  .at("cls_token")
                  .equal(nano_backbone(2).at("cls_token")));
}

}  // namespace
}  // namespace nadir::checkpoint
