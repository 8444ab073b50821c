// What runs between products on a GPU beside LibTorch's operators on the CPU in
// double precision; skipped without a GPU.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/error.h"
#include "gpu/add_norm.h"
#include "gpu/bias_gelu.h"
#include "gpu/product.h"
#include "gpu/qkv_attention.h"
#include "gpu/token_kernels.h"
#include "support/gpu.h"
#include "support/torch_tensors.h"

namespace nadir::gpu {
namespace {

using Tensors = std::vector<at::Tensor>;

constexpr double kEps = 1e-6;
constexpr double kRounding = 1.0 / 256;  // of bfloat16, twice over

// `tensor` with the gradient that is asked for, in double precision.
at::Tensor leaf(const at::Tensor& tensor) {
  return tensor.to(at::kDouble).detach().set_requires_grad(true);
}

at::Tensor on_gpu(
    const at::Tensor& tensor,
    c10::Device gpu,
    at::ScalarType type = at::kFloat) {
  return tensor.to(gpu, type).detach().set_requires_grad(true);
}

// As bfloat16 holds it.
at::Tensor rounded(const at::Tensor& tensor) {
  return tensor.to(at::kBFloat16).to(at::kFloat);
}

Tensors gradients(
    const Tensors& outputs, const Tensors& inputs, const Tensors& weights) {
  Tensors moved;
  for (size_t i = 0; i < outputs.size(); ++i) {
    moved.push_back(
        weights[i].to(outputs[i].device(), outputs[i].scalar_type()));
  }
  return torch::autograd::grad(outputs, inputs, moved);
}

// Relative to the largest number.
void expect_near(
    const at::Tensor& actual,
    const at::Tensor& expected,
    double tolerance,
    const std::string& what) {
  const auto actual64 = actual.detach().to(at::kCPU, at::kDouble);
  ASSERT_EQ(actual64.sizes(), expected.sizes()) << what;
  EXPECT_LE(
      (actual64 - expected.detach()).abs().max().item<double>(),
      tolerance * (expected.abs().max().item<double>() + 1e-6))
      << what;
}

struct NormCase {
  int64_t num_rows;
  int64_t dim;
  bool has_branch;
  bool has_factors;
};

class AddNormOnGpu : public testing::TestWithParam<NormCase> {};

TEST_P(AddNormOnGpu, IsTheNormOfTheSumWithItsGradient) {
  NADIR_NEEDS_GPU(gpu);
  const auto [num_rows, dim, has_branch, has_factors] = GetParam();
  ASSERT_TRUE(has_token_kernels(gpu, dim));
  const auto x = random_tensor({num_rows, dim}, 1) * 2 + 3;
  const auto rows = rounded(random_tensor({num_rows, dim}, 2));
  const auto bias = random_tensor({dim}, 3);
  const auto gamma = random_tensor({dim}, 4) + 1;
  const auto beta = random_tensor({dim}, 5);
  // Some images are left out.
  const auto factors =
      at::relu(random_tensor({num_rows}, 6)).mul(2).contiguous();
  const Tensors weights = {
      rounded(random_tensor({num_rows, dim}, 7)),
      random_tensor({num_rows, dim}, 8)};

  Tensors expected_in = {leaf(x), leaf(gamma), leaf(beta)};
  auto sum = expected_in[0] * 1;
  if (has_branch) {
    expected_in.push_back(leaf(rows));
    expected_in.push_back(leaf(bias));
    auto added = expected_in[3] + expected_in[4];
    if (has_factors) {
      added = added * factors.to(at::kDouble).unsqueeze(1);
    }
    sum = sum + added;
  }
  const auto norm =
      at::layer_norm(sum, {dim}, expected_in[1], expected_in[2], kEps);
  const auto expected = gradients({norm, sum}, expected_in, weights);

  Tensors in = {on_gpu(x, gpu), on_gpu(gamma, gpu), on_gpu(beta, gpu)};
  Branch branch;
  if (has_branch) {
    in.push_back(on_gpu(rows, gpu, at::kBFloat16));
    in.push_back(on_gpu(bias, gpu));
    branch = {in[3], in[4], has_factors ? factors.to(gpu) : at::Tensor()};
  }
  const auto result = add_norm(in[0], branch, in[1], in[2], kEps);
  expect_near(result.x_TD, sum, 1e-6, "x");
  expect_near(result.norm_TD, norm, kRounding, "norm");
  const auto actual = gradients({result.norm_TD, result.x_TD}, in, weights);
  const std::vector<std::string> names = {
      "by x", "by gamma", "by beta", "by the branch", "by its bias"};
  for (size_t i = 0; i < actual.size(); ++i) {
    expect_near(actual[i], expected[i], i == 3 ? kRounding : 2e-5, names[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes,
    AddNormOnGpu,
    testing::Values(
        NormCase{1, 64, true, true},
        NormCase{7, 200, true, false},
        NormCase{333, 192, true, true},
        NormCase{6001, 384, true, true},
        NormCase{130, 768, true, false},
        NormCase{130, 1024, true, true},
        NormCase{5000, 384, false, false}),
    [](const auto& test) {
      return fmt::format(
          "{}x{}{}{}",
          test.param.num_rows,
          test.param.dim,
          test.param.has_branch ? "branch" : "",
          test.param.has_factors ? "factors" : "");
    });

TEST(BiasGeluOnGpu, IsGeluOfTheSumWithItsGradient) {
  NADIR_NEEDS_GPU(gpu);
  for (const auto& [num_rows, dim] :
       {std::pair<int64_t, int64_t>{3, 64}, {4099, 192}, {2001, 384}}) {
    ASSERT_TRUE(has_token_kernels(gpu, dim));
    const auto hidden = rounded(random_tensor({num_rows, 4 * dim}, 1) * 3);
    const auto bias = random_tensor({4 * dim}, 2);
    const Tensors weights = {rounded(random_tensor({num_rows, 4 * dim}, 3))};
    const Tensors expected_in = {leaf(hidden), leaf(bias)};
    const auto expected_out = at::gelu(expected_in[0] + expected_in[1]);
    const auto expected = gradients({expected_out}, expected_in, weights);
    const Tensors in = {on_gpu(hidden, gpu, at::kBFloat16), on_gpu(bias, gpu)};
    const auto out = bias_gelu(in[0], in[1]);
    expect_near(out, expected_out, kRounding, "gelu");
    const auto actual = gradients({out}, in, weights);
    expect_near(actual[0], expected[0], kRounding, "by the rows");
    expect_near(actual[1], expected[1], 2e-5, "by the bias");
  }
}

TEST(ProductOnGpu, SumsTheGradientByTheWeightInFloat32) {
  NADIR_NEEDS_GPU(gpu);
  const auto x = rounded(random_tensor({1000, 96}, 1));
  const auto weight = rounded(random_tensor({160, 96}, 2));
  const Tensors weights = {rounded(random_tensor({1000, 160}, 3))};
  const Tensors expected_in = {leaf(x), leaf(weight)};
  const auto expected_out = at::linear(expected_in[0], expected_in[1]);
  const auto expected = gradients({expected_out}, expected_in, weights);
  const Tensors in = {on_gpu(x, gpu, at::kBFloat16), on_gpu(weight, gpu)};
  const auto out = product(in[0], in[1]);
  EXPECT_EQ(out.scalar_type(), at::kBFloat16);
  expect_near(out, expected_out, kRounding, "product");
  const auto actual = gradients({out}, in, weights);
  expect_near(actual[0], expected[0], kRounding, "by x");
  EXPECT_EQ(actual[1].scalar_type(), at::kFloat);
  expect_near(actual[1], expected[1], 1e-5, "by the weight");
}

TEST(QkvAttentionOnGpu, AttendsWithinEachImageWithItsGradient) {
  NADIR_NEEDS_GPU(gpu);
  constexpr int64_t kDim = 192;
  constexpr int64_t kHeads = 3;
  const ops::TokenLayout layout{{{4, 197}, {7, 37}}};
  ASSERT_TRUE(has_token_kernels(gpu, kDim));
  const int64_t num_rows = layout.num_rows();
  const auto x = rounded(random_tensor({num_rows, kDim}, 1));
  const auto weight = rounded(random_tensor({3 * kDim, kDim}, 2) * 0.1);
  const auto bias = rounded(random_tensor({3 * kDim}, 3));
  const Tensors weights = {rounded(random_tensor({num_rows, kDim}, 4))};
  const Tensors expected_in = {leaf(x), leaf(weight), leaf(bias)};
  const auto qkv = at::linear(expected_in[0], expected_in[1], expected_in[2]);
  Tensors rows;
  int64_t row = 0;
  for (const auto& group : layout.groups) {
    const int64_t count = group.num_images * group.num_tokens;
    const auto parts =
        qkv.narrow(0, row, count)
            .view({group.num_images, group.num_tokens, 3, kHeads, -1})
            .permute({2, 0, 3, 1, 4});
    const double scale = 1 / std::sqrt(static_cast<double>(parts.size(4)));
    const auto softmax =
        (at::matmul(parts[0], parts[1].transpose(-2, -1)) * scale).softmax(-1);
    rows.push_back(
        at::matmul(softmax, parts[2]).transpose(1, 2).reshape({count, kDim}));
    row += count;
  }
  const auto expected_out = at::cat(rows);
  const auto expected = gradients({expected_out}, expected_in, weights);
  const Tensors in = {
      on_gpu(x, gpu, at::kBFloat16), on_gpu(weight, gpu), on_gpu(bias, gpu)};
  const auto out = qkv_attention(in[0], in[1], in[2], layout, kHeads);
  expect_near(out, expected_out, 2 * kRounding, "attention");
  const auto actual = gradients({out}, in, weights);
  expect_near(actual[0], expected[0], 4 * kRounding, "by x");
  expect_near(actual[1], expected[1], 4 * kRounding, "by the weight");
  expect_near(actual[2], expected[2], 4 * kRounding, "by the bias");
}

TEST(ProgramOnGpu, NamesWhatDoesNotCompile) {
  NADIR_NEEDS_GPU(gpu);
  try {
    const Program program("this is no CUDA", {}, {}, gpu);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("nadir.cu(1)"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace nadir::gpu
