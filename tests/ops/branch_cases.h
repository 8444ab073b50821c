// A branch in float32 by our kernels beside the same in float64 by LibTorch's
// own operations, values and gradients.
#pragma once

#include <functional>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "ops/token_rows.h"

namespace nadir::ops {

using Tensors = std::vector<at::Tensor>;

// x first, then the parameters: normal, of standard deviation 0.5.
inline Tensors random_tensors(const std::vector<std::vector<int64_t>>& shapes) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
  Tensors tensors;
  for (const auto& shape : shapes) {
    tensors.push_back(
        at::randn(shape, generator).mul_(0.5).requires_grad_(true));
  }
  return tensors;
}

inline double relative_difference(
    const at::Tensor& actual, const at::Tensor& expected) {
  const auto difference = (actual.to(at::kDouble) - expected).norm();
  return (difference / expected.norm().clamp_min(1e-12)).item<double>();
}

// Relative, of sums of a few hundred products: in float32, and of factors with
// the 8 bits of bfloat16, which up to six products in turn round.
constexpr double kFloat32Tolerance = 3e-6;
constexpr double kBfloat16Tolerance = 4e-2;

// Compares values and, with a random gradient of the result, all gradients.
inline void expect_same_branch(
    const Tensors& tensors,
    const std::function<at::Tensor(const Tensors&)>& ours,
    const std::function<at::Tensor(const Tensors&)>& reference,
    double tolerance = kFloat32Tolerance) {
  Tensors doubles;
  for (const auto& tensor : tensors) {
    doubles.push_back(tensor.detach().to(at::kDouble).requires_grad_(true));
  }
  const auto actual = ours(tensors);
  const auto expected = reference(doubles);
  ASSERT_EQ(actual.sizes(), expected.sizes());
  EXPECT_LE(relative_difference(actual.detach(), expected.detach()), tolerance);
  const auto grad =
      at::randn(actual.sizes(), at::make_generator<at::CPUGeneratorImpl>(8));
  const auto given = grad.clone();
  const auto grads = torch::autograd::grad({actual}, tensors, {grad});
  EXPECT_TRUE(at::equal(grad, given)) << "a gradient of others was changed";
  const auto expected_grads =
      torch::autograd::grad({expected}, doubles, {grad.to(at::kDouble)});
  for (size_t i = 0; i < grads.size(); ++i) {
    EXPECT_LE(relative_difference(grads[i], expected_grads[i]), tolerance)
        << "gradient of tensor " << i;
  }
}

// Calls image(tokens [N, D], index) for each image and joins what it returns.
inline at::Tensor for_each_image(
    const at::Tensor& x_TD,
    const TokenLayout& layout,
    const std::function<at::Tensor(const at::Tensor&, int64_t)>& image) {
  Tensors outputs;
  int64_t row = 0;
  int64_t index = 0;
  for (const TokenGroup& group : layout.groups) {
    for (int64_t i = 0; i < group.num_images; ++i) {
      outputs.push_back(
          image(x_TD.slice(0, row, row + group.num_tokens), index++));
      row += group.num_tokens;
    }
  }
  return at::cat(outputs);
}

}  // namespace nadir::ops
