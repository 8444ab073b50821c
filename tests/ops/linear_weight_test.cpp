#include "ops/linear_weight.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/aligned.h"
#include "ops/attention_branch.h"
#include "ops/chunks.h"
#include "ops/mlp_branch.h"
#include "support/torch_tensors.h"

namespace nadir::ops {
namespace {

constexpr int64_t kWidth = 64;
constexpr int64_t kWideWidth = 4 * kWidth;

// All rows of x W^T + b by chunks, as branches take them.
at::Tensor apply_to_all(
    const LinearWeight& weight, const at::Tensor& x, const at::Tensor& bias) {
  const int64_t num_outputs = bias.size(0);
  auto y = at::empty({x.size(0), num_outputs});
  for_each_chunk(
      x.size(0),
      weight.scratch_size(),
      [&](int64_t /*chunk*/, int64_t first, int64_t count, float* scratch) {
        weight.apply(
            x.const_data_ptr<float>() + first * x.size(1),
            count,
            bias.const_data_ptr<float>(),
            y.data_ptr<float>() + first * num_outputs,
            num_outputs,
            scratch);
      });
  return y;
}

double cosine(const at::Tensor& a, const at::Tensor& b) {
  return at::cosine_similarity(a.flatten(), b.flatten(), 0).item<double>();
}

struct Map {
  at::Tensor x = random_tensor({101, kWidth}, 1);
  at::Tensor weight = random_tensor({3 * kWidth, kWidth}, 2);
  at::Tensor bias = random_tensor({3 * kWidth}, 3);
  at::Tensor expected = at::linear(x, weight, bias);
};

TEST(LinearWeight, MultipliesInEachFormat) {
  const Map map;
  const auto in_float = apply_to_all(
      LinearWeight::pack(map.weight, WeightFormat::kFloat32), map.x, map.bias);
  EXPECT_LT(max_difference(in_float, map.expected), 1e-4);
  const auto in_bf16 = apply_to_all(
      LinearWeight::pack(map.weight, WeightFormat::kBfloat16), map.x, map.bias);
  const auto rounded = at::linear(
      map.x.to(at::kBFloat16).to(at::kFloat),
      map.weight.to(at::kBFloat16).to(at::kFloat),
      map.bias);
  EXPECT_LT(max_difference(in_bf16, rounded), 1e-4);
  EXPECT_GT(max_difference(in_bf16, map.expected), 1e-3);
  const auto in_int8 = apply_to_all(
      LinearWeight::pack(map.weight, WeightFormat::kInt8), map.x, map.bias);
  EXPECT_GT(cosine(in_int8, map.expected), 0.9995);
  EXPECT_GT(max_difference(in_int8, map.expected), 1e-4);  // it is not float32
}

TEST(LinearWeight, In8BitsCountsFromTheCentreOfItsInputs) {
  const Map map;
  const auto centre = 20 * random_tensor({kWidth}, 4);
  const auto x = (map.x + centre).contiguous();
  const auto expected = at::linear(x, map.weight, map.bias);
  const auto deviation = [&](const LinearWeight& weight) {
    return max_difference(apply_to_all(weight, x, map.bias), expected);
  };
  const auto centred =
      LinearWeight::pack(map.weight, WeightFormat::kInt8, centre);
  EXPECT_LT(
      deviation(centred),
      deviation(LinearWeight::pack(map.weight, WeightFormat::kInt8)) / 5);
  // And so do some of its outputs.
  const auto part = apply_to_all(
      centred.outputs(32, 64), x, map.bias.narrow(0, 32, 64).contiguous());
  EXPECT_TRUE(
      at::equal(part, apply_to_all(centred, x, map.bias).narrow(1, 32, 64)));
}

TEST(LinearWeight, GivesSomeOutputsAlone) {
  const Map map;
  for (const auto format :
       {WeightFormat::kFloat32, WeightFormat::kBfloat16, WeightFormat::kInt8}) {
    const auto weight = LinearWeight::pack(map.weight, format);
    const auto whole = apply_to_all(weight, map.x, map.bias);
    const auto part = apply_to_all(
        weight.outputs(kWidth, 2 * kWidth), map.x, map.bias.slice(0, kWidth));
    EXPECT_TRUE(at::equal(part, whole.slice(1, kWidth)));
  }
}

TEST(LinearWeight, DoesNotFollowAWeightThatChangesLater) {
  Map map;
  const auto packed = LinearWeight::pack(map.weight, WeightFormat::kFloat32);
  map.weight.zero_();
  EXPECT_LT(
      max_difference(apply_to_all(packed, map.x, map.bias), map.expected),
      1e-4);
}

// A block's two branches over images of 5 and 9 tokens, weights as small as
// trained ones: attention that looks at one token alone is all or nothing.
struct Branches {
  TokenLayout layout{{{2, 5}, {1, 9}}};
  at::Tensor x_TD = random_tensor({19, kWidth}, 4);
  AttentionParameters attention{
      random_tensor({kWidth}, 5),
      random_tensor({kWidth}, 6),
      0.1 * random_tensor({3 * kWidth, kWidth}, 7),
      random_tensor({3 * kWidth}, 8),
      0.1 * random_tensor({kWidth, kWidth}, 9),
      random_tensor({kWidth}, 10),
      2};
  MlpParameters mlp{
      random_tensor({kWidth}, 11),
      random_tensor({kWidth}, 12),
      0.1 * random_tensor({kWideWidth, kWidth}, 13),
      random_tensor({kWideWidth}, 14),
      0.1 * random_tensor({kWidth, kWideWidth}, 15),
      random_tensor({kWidth}, 16)};

  [[nodiscard]] std::vector<at::Tensor> run() const {
    const at::NoGradGuard no_grad;
    return {
        attention_branch(x_TD, attention, layout, {}),
        attention_branch(x_TD, attention, layout, {}, true),
        mlp_branch(x_TD, mlp, layout, {})};
  }
};

TEST(LinearWeight, BranchesTakeItPackedWithTheSameResult) {
  Branches branches;
  const auto expected = branches.run();
  for (const auto format :
       {WeightFormat::kFloat32, WeightFormat::kBfloat16, WeightFormat::kInt8}) {
    const auto qkv = LinearWeight::pack(branches.attention.qkv_weight, format);
    const auto proj =
        LinearWeight::pack(branches.attention.proj_weight, format);
    const auto fc1 = LinearWeight::pack(branches.mlp.fc1_weight, format);
    const auto fc2 = LinearWeight::pack(branches.mlp.fc2_weight, format);
    Branches packed = branches;
    packed.attention.packed_qkv = &qkv;
    packed.attention.packed_proj = &proj;
    packed.mlp.packed_fc1 = &fc1;
    packed.mlp.packed_fc2 = &fc2;
    const auto actual = packed.run();
    for (size_t i = 0; i < expected.size(); ++i) {
      if (format == WeightFormat::kFloat32) {
        EXPECT_TRUE(at::equal(actual[i], expected[i])) << i;
      } else {
        EXPECT_GT(cosine(actual[i], expected[i]), 0.999) << i;
      }
    }
  }
}

}  // namespace
}  // namespace nadir::ops
