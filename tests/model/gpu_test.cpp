// The network on a GPU in bfloat16 beside float32 on the CPU; skipped without a
// GPU.
#include "support/gpu.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "model/vision_transformer.h"
#include "support/torch_tensors.h"

namespace nadir::model {
namespace {

std::shared_ptr<VisionTransformer> make_tiny(double drop_path_rate) {
  VitConfig config{.arch = "vit_tiny", .patch_size = 8, .image_size = 32};
  config.drop_path_rate = drop_path_rate;
  auto vit = std::make_shared<VisionTransformer>(config);
  RandomStream random(5, StreamPurpose::kInit);
  vit->init_weights(random);
  // Away from 0 and 1, so that none can go missing unseen.
  const at::NoGradGuard no_grad;
  uint64_t seed = 100;
  for (const auto& parameter : vit->parameters()) {
    if (parameter.dim() == 1) {
      parameter.add_(random_tensor(parameter.sizes(), seed++), 0.05);
    }
  }
  return vit;
}

double cosine(const at::Tensor& a, const at::Tensor& b) {
  const auto a64 = a.detach().to(at::kCPU, at::kDouble).flatten();
  const auto b64 = b.detach().to(at::kCPU, at::kDouble).flatten();
  return (a64.dot(b64) / (a64.norm() * b64.norm())).item<double>();
}

struct Pass {
  at::Tensor features_BD;
  std::vector<at::Tensor> gradients;
};

Pass run_on(c10::Device device, Precision precision) {
  const auto vit = make_tiny(0.5);
  vit->to(device);
  const std::vector<at::Tensor> groups = {
      random_tensor({6, 3, 32, 32}, 1).to(device),
      random_tensor({10, 3, 16, 16}, 2).to(device)};
  DropPathKey key{.seed = 3, .step = 4};
  key.images_per_view = 3;
  auto small = key;
  small.images_per_view = 5;
  small.first_view = 2;
  Pass pass;
  {
    const AutocastGuard autocast(precision, device);
    pass.features_BD = vit->forward_groups(groups, {key, small});
  }
  const auto weights = random_tensor(pass.features_BD.sizes(), 9)
                           .to(device, pass.features_BD.scalar_type());
  pass.gradients =
      torch::autograd::grad({pass.features_BD}, vit->parameters(), {weights});
  return pass;
}

TEST(NetworkOnGpu, HasFeaturesAndGradientsOfFloat32) {
  NADIR_NEEDS_GPU(gpu);
  const auto expected = run_on(c10::kCPU, Precision::kFp32);
  const auto exact = run_on(gpu, Precision::kFp32);
  const auto rounded = run_on(gpu, Precision::kBf16);
  EXPECT_LT(
      max_difference(exact.features_BD.to(at::kCPU), expected.features_BD),
      1e-3);
  EXPECT_GT(cosine(rounded.features_BD, expected.features_BD), 0.9999);
  std::vector<std::string> names;
  for (const auto& item : make_tiny(0)->named_parameters()) {
    names.push_back(item.name);
  }
  for (size_t i = 0; i < expected.gradients.size(); ++i) {
    EXPECT_GT(cosine(exact.gradients[i], expected.gradients[i]), 0.99999)
        << names[i];
    EXPECT_GT(cosine(rounded.gradients[i], expected.gradients[i]), 0.99)
        << names[i];
    EXPECT_NEAR(
        rounded.gradients[i].norm().item<double>() /
            expected.gradients[i].norm().item<double>(),
        1,
        0.05)
        << names[i];
  }
}

TEST(NetworkOnGpu, GivesTheOutputsOfItsLastBlocks) {
  NADIR_NEEDS_GPU(gpu);
  const at::NoGradGuard no_grad;
  const auto vit = make_tiny(0);
  const auto images = random_tensor({5, 3, 32, 32}, 4);
  const auto tokens = vit->intermediate_tokens(images, 3);
  const auto firsts = vit->intermediate_class_tokens(images, 2);
  vit->to(gpu);
  vit->freeze(Precision::kBf16);
  const auto other_tokens = vit->intermediate_tokens(images.to(gpu), 3);
  const auto other_firsts = vit->intermediate_class_tokens(images.to(gpu), 2);
  ASSERT_EQ(other_tokens.size(), tokens.size());
  ASSERT_EQ(other_firsts.size(), firsts.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(other_tokens[i].sizes(), tokens[i].sizes());
    EXPECT_GT(cosine(other_tokens[i], tokens[i]), 0.9999);
  }
  for (size_t i = 0; i < firsts.size(); ++i) {
    EXPECT_EQ(other_firsts[i].sizes(), firsts[i].sizes());
    EXPECT_GT(cosine(other_firsts[i], firsts[i]), 0.9999);
  }
}

}  // namespace
}  // namespace nadir::model
