#include "model/projection_head.h"

#include <cmath>
#include <set>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/torch_tensors.h"

namespace nadir::model {
namespace {

HeadConfig small_head() {
  return {.out_dim = 40, .head_hidden_dim = 32, .head_bottleneck_dim = 16};
}

DinoHead make_head(const HeadConfig& config) {
  DinoHead head(24, config);
  RandomStream random(3, StreamPurpose::kInit);
  head.init_weights(random);
  return head;
}

int64_t num_parameters(const Module& module) {
  int64_t count = 0;
  for (const auto& parameter : module.parameters()) {
    count += parameter.numel();
  }
  return count;
}

TEST(DinoHead, HasTheReferencesParameterCounts) {
  EXPECT_EQ(num_parameters(DinoHead(192, {})), 21'958'912);
  EXPECT_EQ(num_parameters(DinoHead(384, {})), 22'352'128);
  EXPECT_EQ(num_parameters(DinoHead(768, {})), 23'138'560);
}

TEST(DinoHead, NamesItsParametersAsTheReference) {
  std::vector<std::string> names;
  for (const auto& item : DinoHead(24, small_head()).named_parameters()) {
    names.push_back(item.name);
  }
  EXPECT_EQ(
      names,
      (std::vector<std::string>{
          "mlp.0.weight",
          "mlp.0.bias",
          "mlp.2.weight",
          "mlp.2.bias",
          "mlp.4.weight",
          "mlp.4.bias",
          "last_layer.weight_g",
          "last_layer.weight_v"}));
}

TEST(DinoHead, ShiftsTheIndicesWithBatchNormalisation) {
  HeadConfig config = small_head();
  config.use_bn_in_head = true;
  const DinoHead head(24, config);
  std::set<std::string> modules;
  for (const auto& item : head.named_parameters()) {
    modules.insert(item.name.substr(0, item.name.rfind('.')));
  }
  EXPECT_EQ(
      modules,
      (std::set<std::string>{
          "mlp.0", "mlp.1", "mlp.3", "mlp.4", "mlp.6", "last_layer"}));
  EXPECT_TRUE(head.named_buffers().contains("mlp.1.running_mean"));
  EXPECT_TRUE(head.named_buffers().contains("mlp.4.num_batches_tracked"));
}

TEST(DinoHead, IsNaNUntilInitialised) {
  DinoHead head(24, small_head());
  EXPECT_TRUE(
      head.forward(random_tensor({2, 24}, 1)).isnan().all().item<bool>());
}

TEST(DinoHead, EqualsADoublePrecisionReference) {
  DinoHead head = make_head(small_head());
  const auto features = random_tensor({5, 24}, 2);
  const auto parameters = head.named_parameters();
  const auto get = [&](const std::string& name) {
    return parameters[name].detach().to(at::kDouble);
  };
  auto x = features.to(at::kDouble);
  for (const char* layer : {"mlp.0", "mlp.2", "mlp.4"}) {
    x = at::mm(x, get(std::string(layer) + ".weight").t()) +
        get(std::string(layer) + ".bias");
    if (std::string(layer) != "mlp.4") {
      x = 0.5 * x * (1 + at::erf(x / std::sqrt(2.0)));
    }
  }
  x = x / x.pow(2).sum(1, true).sqrt();
  const auto v = get("last_layer.weight_v");
  const auto expected = at::mm(x, (v / v.pow(2).sum(1, true).sqrt()).t());
  EXPECT_LT(max_difference(head.forward(features), expected), 1e-6);
}

TEST(DinoHead, GivesCosinesWhateverTheLengthOfItsPrototypes) {
  DinoHead head = make_head(small_head());
  const auto features = random_tensor({64, 24}, 4);
  const auto before = head.forward(features).detach();
  EXPECT_LE(before.abs().max().item<double>(), 1 + 1e-6);
  {
    const at::NoGradGuard no_grad;
    head.named_parameters()["last_layer.weight_v"].mul_(17);
  }
  EXPECT_LT(max_difference(before, head.forward(features)), 1e-6);
}

TEST(DinoHead, FreezesTheMagnitudesOnlyIfAsked) {
  HeadConfig config = small_head();
  for (const bool is_frozen : {true, false}) {
    config.norm_last_layer = is_frozen;
    DinoHead head = make_head(config);
    head.forward(random_tensor({4, 24}, 5)).pow(2).sum().backward();
    const auto parameters = head.named_parameters();
    EXPECT_EQ(parameters["last_layer.weight_g"].grad().defined(), !is_frozen);
    EXPECT_TRUE(parameters["last_layer.weight_v"].grad().defined());
  }
}

TEST(DinoHead, NormalisesOverTheBatchInTrainingAndByItsRecordElse) {
  HeadConfig config = small_head();
  config.use_bn_in_head = true;
  DinoHead head = make_head(config);
  const auto features = 3 * random_tensor({32, 24}, 6) + 1;
  const auto in_training = head.forward(features).detach();
  const auto buffers = head.named_buffers();
  EXPECT_EQ(buffers["mlp.1.num_batches_tracked"].item<int64_t>(), 1);
  EXPECT_GT(buffers["mlp.1.running_mean"].abs().max().item<double>(), 0);
  head.eval();
  const auto in_use = head.forward(features).detach();
  EXPECT_EQ(buffers["mlp.1.num_batches_tracked"].item<int64_t>(), 1);
  EXPECT_GT(max_difference(in_training, in_use), 1e-3);
}

TEST(DinoHead, DrawsItsPrototypesUniformly) {
  DinoHead head(24, {.out_dim = 4096, .head_hidden_dim = 32});
  RandomStream random(3, StreamPurpose::kInit);
  head.init_weights(random);
  const auto v = head.named_parameters()["last_layer.weight_v"].detach();
  EXPECT_LT(v.abs().max().item<double>(), 1.0 / 16);
  EXPECT_NEAR(v.std().item<double>(), 1 / (16 * std::sqrt(3.0)), 1e-4);
}

TEST(DinoHead, RefusesSizesOutOfRange) {
  EXPECT_THROW(DinoHead(24, {.out_dim = 0}), Error);
  EXPECT_THROW(DinoHead(24, {.head_layers = 0}), Error);
  EXPECT_THROW(DinoHead(24, {.head_bottleneck_dim = -1}), Error);
}

}  // namespace
}  // namespace nadir::model
