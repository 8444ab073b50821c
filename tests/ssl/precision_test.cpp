#include "model/precision.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include "ssl/dino_loss.h"
#include "ssl/tiny_network.h"
#include "support/torch_tensors.h"

namespace nadir::ssl {
namespace {

using model::AutocastGuard;
using model::Precision;

TEST(AutocastGuard, CastsWhileItLivesAndOnlyIfAsked) {
  MultiCropNetwork network = make_tiny_network();
  const auto views = random_tensor({2, 3, 16, 16}, 1);
  const auto run = [&](Precision precision) {
    const AutocastGuard guard(precision, c10::kCPU);
    return network.forward({views}, 1);
  };
  const auto exact = run(Precision::kFp32);
  EXPECT_EQ(exact.scalar_type(), at::kFloat);
  const auto cast = run(Precision::kBf16);
  EXPECT_EQ(cast.scalar_type(), at::kBFloat16);
  // bfloat16 has 8 bits; logits are cosines.
  EXPECT_LT(max_difference(exact, cast), 0.03);
  EXPECT_GT(max_difference(exact, cast), 0);
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
}

TEST(AutocastGuard, TrainsWithFloatGradients) {
  MultiCropNetwork network = make_tiny_network();
  const auto views = random_tensor({4, 3, 16, 16}, 2);
  const DinoLoss loss(24, {});
  at::Tensor logits;
  {
    const AutocastGuard guard(Precision::kBf16, c10::kCPU);
    logits =
        network.forward({views}, 1, model::DropPathKey{.seed = 1, .step = 1});
  }
  loss.forward(logits, logits.slice(0, 0, 2), 0.04).backward();
  for (const auto& item : network.named_parameters()) {
    if (item.tensor.requires_grad()) {
      ASSERT_TRUE(item.tensor.grad().defined()) << item.name;
      EXPECT_EQ(item.tensor.grad().scalar_type(), at::kFloat) << item.name;
      EXPECT_TRUE(item.tensor.grad().isfinite().all().item<bool>());
    }
  }
}

}  // namespace
}  // namespace nadir::ssl
