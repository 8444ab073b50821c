#include "model/vision_transformer.h"

#include <cmath>
#include <string>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/torch_tensors.h"

namespace nadir::model {
namespace {

VitConfig nano() {
  return {.arch = "vit_nano", .patch_size = 8, .image_size = 32};
}

std::shared_ptr<VisionTransformer> make_vit(const VitConfig& config) {
  auto vit = std::make_shared<VisionTransformer>(config);
  RandomStream random(11, StreamPurpose::kInit);
  vit->init_weights(random);
  // Biases and norms away from 0 and 1, so that none can go missing unseen.
  const at::NoGradGuard no_grad;
  uint64_t seed = 100;
  for (const auto& parameter : vit->parameters()) {
    if (parameter.dim() == 1) {
      parameter.add_(random_tensor(parameter.sizes(), seed++), 0.05);
    }
  }
  return vit;
}

int64_t num_parameters(const std::string& arch, int64_t patch_size) {
  const VisionTransformer vit({.arch = arch, .patch_size = patch_size});
  int64_t count = 0;
  for (const auto& parameter : vit.parameters()) {
    count += parameter.numel();
  }
  return count;
}

// The network written out in double precision, one operation after another.
class ReferenceVit {
 public:
  explicit ReferenceVit(const VisionTransformer& vit)
      : parameters_(vit.named_parameters()), shape_(vit.shape()) {}

  // All tokens after `num_blocks` blocks and the final norm. No interpolation.
  at::Tensor tokens(const at::Tensor& images, int64_t num_blocks) const {
    auto x = at::conv2d(
                 images.to(at::kDouble),
                 get("patch_embed.proj.weight"),
                 get("patch_embed.proj.bias"),
                 get("patch_embed.proj.weight").size(2))
                 .flatten(2)
                 .transpose(1, 2);
    x = at::cat({get("cls_token").expand({x.size(0), -1, -1}), x}, 1) +
        get("pos_embed");
    for (int64_t i = 0; i < num_blocks; ++i) {
      const std::string block = "blocks." + std::to_string(i);
      x = x + attention(norm(x, block + ".norm1"), block + ".attn");
      auto h = linear(norm(x, block + ".norm2"), block + ".mlp.fc1");
      h = 0.5 * h * (1 + at::erf(h / std::sqrt(2.0)));
      x = x + linear(h, block + ".mlp.fc2");
    }
    return norm(x, "norm");
  }

 private:
  at::Tensor get(const std::string& name) const {
    return parameters_[name].detach().to(at::kDouble);
  }

  at::Tensor linear(const at::Tensor& x, const std::string& name) const {
    return at::matmul(x, get(name + ".weight").t()) + get(name + ".bias");
  }

  at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    const auto centred = x - x.mean(-1, true);
    const auto variance = centred.pow(2).mean(-1, true);
    return centred / (variance + 1e-6).sqrt() * get(name + ".weight") +
           get(name + ".bias");
  }

  // One head after the other.
  at::Tensor attention(const at::Tensor& x, const std::string& name) const {
    const auto qkv = linear(x, name + ".qkv");
    const int64_t dim = shape_.dim;
    std::vector<at::Tensor> heads;
    for (int64_t head = 0; head < shape_.num_heads; ++head) {
      const auto part = [&](int64_t which) {
        const int64_t begin = which * dim + head * 64;
        return qkv.slice(2, begin, begin + 64);
      };
      const auto weights =
          (at::matmul(part(0), part(1).transpose(1, 2)) / 8.0).softmax(-1);
      heads.push_back(at::matmul(weights, part(2)));
    }
    return linear(at::cat(heads, 2), name + ".proj");
  }

  NamedTensors parameters_;
  VitShape shape_;
};

TEST(VisionTransformer, HasThePublishedParameterCounts) {
  EXPECT_EQ(num_parameters("vit_tiny", 16), 5'524'416);
  EXPECT_EQ(num_parameters("vit_small", 16), 21'665'664);
  EXPECT_EQ(num_parameters("vit_base", 16), 85'798'656);
  EXPECT_EQ(num_parameters("vit_tiny", 8), 5'526'720);
  EXPECT_EQ(num_parameters("vit_small", 8), 21'670'272);
  EXPECT_EQ(num_parameters("deit_small", 8), 21'670'272);
}

TEST(VisionTransformer, HasThePublishedNames) {
  const VisionTransformer vit({});
  const auto parameters = vit.named_parameters();
  EXPECT_EQ(parameters.size(), 150U);
  EXPECT_EQ(vit.named_buffers().size(), 0U);
  const auto sizes = [&](const char* name) { return parameters[name].sizes(); };
  EXPECT_EQ(sizes("cls_token"), at::IntArrayRef({1, 1, 384}));
  EXPECT_EQ(sizes("pos_embed"), at::IntArrayRef({1, 197, 384}));
  EXPECT_EQ(
      sizes("patch_embed.proj.weight"), at::IntArrayRef({384, 3, 16, 16}));
  EXPECT_EQ(sizes("patch_embed.proj.bias"), at::IntArrayRef({384}));
  EXPECT_EQ(sizes("blocks.11.norm1.weight"), at::IntArrayRef({384}));
  EXPECT_EQ(sizes("blocks.0.attn.qkv.weight"), at::IntArrayRef({1152, 384}));
  EXPECT_EQ(sizes("blocks.0.attn.proj.bias"), at::IntArrayRef({384}));
  EXPECT_EQ(sizes("blocks.3.mlp.fc1.weight"), at::IntArrayRef({1536, 384}));
  EXPECT_EQ(sizes("blocks.3.mlp.fc2.weight"), at::IntArrayRef({384, 1536}));
  EXPECT_EQ(sizes("norm.bias"), at::IntArrayRef({384}));
}

TEST(VisionTransformer, IsNaNUntilInitialised) {
  VisionTransformer vit(nano());
  const auto images = random_tensor({1, 3, 32, 32}, 1);
  EXPECT_TRUE(vit.forward(images).isnan().all().item<bool>());
  for (const auto& parameter : vit.parameters()) {
    EXPECT_TRUE(parameter.isnan().all().item<bool>());
  }
  RandomStream random(1, StreamPurpose::kInit);
  vit.init_weights(random);
  for (const auto& parameter : vit.parameters()) {
    EXPECT_TRUE(parameter.isfinite().all().item<bool>());
  }
}

TEST(VisionTransformer, EqualsADoublePrecisionReference) {
  const auto vit = make_vit(nano());
  const auto images = random_tensor({3, 3, 32, 32}, 2);
  const auto expected = ReferenceVit(*vit).tokens(images, 6);
  EXPECT_LT(max_difference(vit->forward_tokens(images), expected), 2e-5);
  EXPECT_LT(max_difference(vit->forward(images), expected.select(1, 0)), 2e-5);
}

TEST(VisionTransformer, TakesAnyNumberOfBands) {
  VitConfig config = nano();
  config.in_channels = 12;
  const auto vit = make_vit(config);
  const auto images = random_tensor({2, 12, 32, 32}, 3);
  EXPECT_LT(
      max_difference(
          vit->forward_tokens(images), ReferenceVit(*vit).tokens(images, 6)),
      2e-5);
}

TEST(VisionTransformer, GivesTheOutputsOfItsLastBlocks) {
  const auto vit = make_vit(nano());
  const auto images = random_tensor({2, 3, 32, 32}, 4);
  const auto outputs = vit->intermediate_tokens(images, 4);
  ASSERT_EQ(outputs.size(), 4U);
  for (size_t i = 0; i < 4; ++i) {
    const auto expected =
        ReferenceVit(*vit).tokens(images, static_cast<int64_t>(i) + 3);
    EXPECT_LT(max_difference(outputs[i], expected), 2e-5) << i;
  }
  EXPECT_THROW(static_cast<void>(vit->intermediate_tokens(images, 7)), Error);
  EXPECT_THROW(static_cast<void>(vit->intermediate_tokens(images, 0)), Error);
}

TEST(VisionTransformer, AttendsWithWeightsThatSumToOne) {
  const auto vit = make_vit(nano());
  const auto weights = vit->last_attention(random_tensor({2, 3, 32, 32}, 5));
  ASSERT_EQ(weights.sizes(), at::IntArrayRef({2, 2, 17, 17}));
  EXPECT_GE(weights.min().item<double>(), 0);
  EXPECT_LT(max_difference(weights.sum(-1), at::ones({2, 2, 17})), 1e-5);
  EXPECT_GT(weights.std().item<double>(), 1e-3);
}

TEST(VisionTransformer, TakesImagesOfOtherSizesAndShapes) {
  const auto vit = make_vit(nano());
  const auto small = vit->forward_tokens(random_tensor({2, 3, 16, 16}, 6));
  EXPECT_EQ(small.sizes(), at::IntArrayRef({2, 5, 128}));
  const auto wide = vit->forward_tokens(random_tensor({1, 3, 24, 56}, 7));
  EXPECT_EQ(wide.sizes(), at::IntArrayRef({1, 22, 128}));
  EXPECT_TRUE(wide.isfinite().all().item<bool>());
}

TEST(VisionTransformer, RefusesImagesItCannotCutOrRead) {
  const auto vit = make_vit(nano());
  try {
    static_cast<void>(vit->forward(at::zeros({1, 3, 32, 30})));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(
        error.what(),
        "image sides must be multiples of patch_size 8, got 32 x 30; crop or "
        "resize to 32 x 24");
  }
  EXPECT_THROW(
      static_cast<void>(vit->forward(at::zeros({1, 4, 32, 32}))), Error);
  EXPECT_THROW(static_cast<void>(vit->forward(at::zeros({3, 32, 32}))), Error);
  EXPECT_THROW(
      VisionTransformer({.arch = "vit_nano", .drop_path_rate = 1.0}), Error);
}

TEST(VisionTransformer, HasTheGradientOfFiniteDifferences) {
  const auto vit = make_vit(nano());
  for (const auto& parameter : vit->parameters()) {
    parameter.set_data(parameter.to(at::kDouble));
  }
  // 16 px: the gradient goes through the interpolated positions.
  const auto images = random_tensor({2, 3, 16, 16}, 8).to(at::kDouble);
  const auto target = random_tensor({2, 128}, 9).to(at::kDouble);
  const auto loss = [&] { return (vit->forward(images) * target).sum(); };
  loss().backward();
  const auto parameters = vit->named_parameters();
  for (const char* name :
       {"cls_token",
        "pos_embed",
        "patch_embed.proj.weight",
        "blocks.0.attn.qkv.weight",
        "blocks.2.mlp.fc1.bias",
        "blocks.5.attn.qkv.weight",
        "blocks.5.attn.qkv.bias",
        "blocks.5.mlp.fc2.weight",
        "norm.weight"}) {
    const at::NoGradGuard no_grad;
    const auto& parameter = parameters[name];
    const auto direction = random_tensor(parameter.sizes(), 10).to(at::kDouble);
    constexpr double kStep = 1e-5;
    parameter.add_(direction, kStep);
    const double above = loss().item<double>();
    parameter.sub_(direction, 2 * kStep);
    const double below = loss().item<double>();
    parameter.add_(direction, kStep);
    const double expected = (above - below) / (2 * kStep);
    const double got = (parameter.grad() * direction).sum().item<double>();
    EXPECT_NEAR(got, expected, 1e-5 * std::max(1.0, std::abs(expected)))
        << name;
  }
}

TEST(VisionTransformer, DropsBranchesOnlyWithAKeyAndTheSameWithTheSame) {
  VitConfig config = nano();
  config.drop_path_rate = 0.5;
  const auto vit = make_vit(config);
  const auto images = random_tensor({4, 3, 32, 32}, 12);
  const auto plain = vit->forward(images);
  const DropPathKey key{.seed = 1, .step = 2};
  const auto dropped = vit->forward(images, key);
  EXPECT_GT(max_difference(plain, dropped), 1e-3);
  EXPECT_TRUE(at::equal(dropped, vit->forward(images, key)));
  EXPECT_LT(
      max_difference(dropped, vit->forward_tokens(images, key).select(1, 0)),
      2e-5);
  // Image 3 alone draws what it drew among the four.
  const auto alone = vit->forward(
      images.slice(0, 3), DropPathKey{.seed = 1, .step = 2, .first_image = 3});
  EXPECT_LT(max_difference(alone, dropped.slice(0, 3)), 2e-5);
}

TEST(VisionTransformer, StartsWithTheReferencesDistributions) {
  VisionTransformer vit({.arch = "vit_tiny"});
  RandomStream random(5, StreamPurpose::kInit);
  vit.init_weights(random);
  const auto parameters = vit.named_parameters();
  const auto std_of = [&](const char* name) {
    return parameters[name].detach().std().item<double>();
  };
  EXPECT_NEAR(std_of("pos_embed"), 0.02, 0.0005);
  EXPECT_NEAR(std_of("blocks.3.mlp.fc1.weight"), 0.02, 0.0002);
  EXPECT_NEAR(
      std_of("patch_embed.proj.weight"),
      1 / std::sqrt(3.0 * 3 * 16 * 16),
      0.0002);
  EXPECT_GT(std_of("patch_embed.proj.bias"), 0.01);
  EXPECT_EQ(std_of("blocks.3.attn.qkv.bias"), 0);
  EXPECT_TRUE((parameters["blocks.0.norm1.weight"] == 1).all().item<bool>());
}

}  // namespace
}  // namespace nadir::model
