#include "model/precision.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "model/vision_transformer.h"
#include "support/torch_tensors.h"

namespace nadir::model {
namespace {

const c10::Device kCpu(c10::kCPU);

TEST(Precision, KnowsItsNamesAndWhatTheyAreFor) {
  for (const auto use : {Use::kTraining, Use::kInference}) {
    EXPECT_EQ(choose_precision("fp32", use, kCpu), Precision::kFp32);
    EXPECT_EQ(choose_precision("bf16", use, kCpu), Precision::kBf16);
    EXPECT_THROW(static_cast<void>(choose_precision("fp16", use, kCpu)), Error);
  }
  EXPECT_EQ(choose_precision("int8", Use::kInference, kCpu), Precision::kInt8);
  EXPECT_EQ(precision_name(Precision::kInt8), "int8");
  EXPECT_THROW(
      static_cast<void>(choose_precision("int8", Use::kTraining, kCpu)), Error);
  EXPECT_THROW(
      static_cast<void>(choose_precision(
          "int8", Use::kInference, c10::Device(c10::kCUDA, 0))),
      Error);
}

TEST(Precision, AutoTakesTheFasterOfFp32AndBf16) {
  const double fp32 = measure_gflop_per_s(Precision::kFp32);
  const double bf16 = measure_gflop_per_s(Precision::kBf16);
  constexpr double kClear = 2;  // the machine may be busy
  const auto chosen = choose_precision("auto", Use::kTraining, kCpu);
  if (fp32 > kClear * bf16) {
    EXPECT_EQ(chosen, Precision::kFp32);
  } else if (bf16 > kClear * fp32) {
    EXPECT_EQ(chosen, Precision::kBf16);
  } else {
    EXPECT_NE(chosen, Precision::kInt8);
  }
}

// Tokens of a network of random weights, frozen at `precision` or not at all.
at::Tensor tokens_of(std::optional<Precision> precision) {
  const at::NoGradGuard no_grad;
  VisionTransformer vit(
      {.arch = "vit_tiny", .patch_size = 8, .image_size = 64});
  RandomStream random(3, StreamPurpose::kInit);
  vit.init_weights(random);
  for (const auto& parameter : vit.parameters()) {
    parameter.mul_(2);  // so that blocks matter beside the residual
  }
  if (precision) {
    vit.freeze(*precision);
  }
  return vit.intermediate_tokens(random_tensor({3, 3, 64, 64}, 4), 2)[1];
}

double smallest_cosine(const at::Tensor& a_BND, const at::Tensor& b_BND) {
  return at::cosine_similarity(
             a_BND.to(at::kFloat).flatten(0, 1),
             b_BND.to(at::kFloat).flatten(0, 1),
             1)
      .min()
      .item<double>();
}

TEST(VisionTransformerFreeze, ChangesNothingInFp32) {
  EXPECT_TRUE(at::equal(tokens_of(Precision::kFp32), tokens_of(std::nullopt)));
}

TEST(VisionTransformerFreeze, KeepsEveryTokensDirectionInFewerBits) {
  const auto exact = tokens_of(std::nullopt);
  for (const auto precision : {Precision::kBf16, Precision::kInt8}) {
    const auto tokens = tokens_of(precision);
    EXPECT_GT(smallest_cosine(tokens, exact), 0.999)
        << precision_name(precision);
    EXPECT_FALSE(at::equal(tokens.to(at::kFloat), exact))
        << precision_name(precision);
  }
}

TEST(VisionTransformer, GivesClassTokensOfTheLastBlocksAlone) {
  const at::NoGradGuard no_grad;
  VisionTransformer vit(
      {.arch = "vit_nano", .patch_size = 8, .image_size = 32});
  RandomStream random(3, StreamPurpose::kInit);
  vit.init_weights(random);
  const auto images = random_tensor({3, 3, 32, 32}, 4);
  const auto check = [&](double tolerance) {
    const auto whole = vit.intermediate_tokens(images, 3);
    const auto alone = vit.intermediate_class_tokens(images, 3);
    ASSERT_EQ(alone.size(), 3U);
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_LT(max_difference(alone[i], whole[i].select(1, 0)), tolerance);
    }
  };
  check(1e-5);
  vit.freeze(Precision::kInt8);
  check(1e-5);  // a row is quantised the same beside others
}

// Of images that are much alike, as those of a satellite are.
TEST(Precision, In8BitsIsCloserToFloat32WithTheMeanOfItsImages) {
  const at::NoGradGuard no_grad;
  VisionTransformer vit(
      {.arch = "vit_nano", .patch_size = 8, .image_size = 32});
  RandomStream random(3, StreamPurpose::kInit);
  vit.init_weights(random);
  for (const auto& parameter : vit.parameters()) {
    parameter.mul_(2);
  }
  const auto mean = at::tensor({-0.8F, 0.6F, -0.7F});
  const auto images =
      mean.view({1, 3, 1, 1}) + 0.1 * random_tensor({8, 3, 32, 32}, 4);
  const auto features = [&] {
    return vit.intermediate_class_tokens(images, 1).front();
  };
  const auto expected = features();
  vit.freeze(Precision::kInt8);
  const double plain = (features() - expected).norm().item<double>();
  vit.freeze(Precision::kInt8, mean);
  const double centred = (features() - expected).norm().item<double>();
  EXPECT_LT(centred, 0.7 * plain);
}

}  // namespace
}  // namespace nadir::model
