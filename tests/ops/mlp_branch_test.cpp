#include "ops/mlp_branch.h"

#include "ops/branch_cases.h"

namespace nadir::ops {
namespace {

constexpr int64_t kMlpDim = 48;
constexpr double kMlpEps = 1e-6;

MlpParameters mlp_of(const Tensors& t) {
  return {t[1], t[2], t[3], t[4], t[5], t[6], kMlpEps};
}

Tensors mlp_tensors(const TokenLayout& layout) {
  return random_tensors(
      {{layout.num_rows(), kMlpDim},
       {kMlpDim},
       {kMlpDim},
       {4 * kMlpDim, kMlpDim},
       {4 * kMlpDim},
       {kMlpDim, 4 * kMlpDim},
       {kMlpDim}});
}

at::Tensor mlp_reference(
    const Tensors& t, const TokenLayout& layout, const at::Tensor& factors_B) {
  return for_each_image(t[0], layout, [&](const at::Tensor& x, int64_t index) {
    const auto h = at::layer_norm(x, {x.size(1)}, t[1], t[2], kMlpEps);
    const auto g = at::gelu(at::linear(h, t[3], t[4]));
    const auto z = at::linear(g, t[5], t[6]);
    return x + z * (factors_B.defined() ? factors_B[index].item<double>() : 1);
  });
}

void expect_right_mlp(const TokenLayout& layout, const at::Tensor& factors_B) {
  const auto tensors = mlp_tensors(layout);
  expect_same_branch(
      tensors,
      [&](const Tensors& t) {
        return mlp_branch(t[0], mlp_of(t), layout, factors_B);
      },
      [&](const Tensors& t) { return mlp_reference(t, layout, factors_B); });
}

TEST(MlpBranch, AndItsGradientsEqualTheReference) {
  expect_right_mlp({{{2, 5}}}, {});
  expect_right_mlp({{{3, 50}, {5, 17}}}, {});  // more than two chunks
}

TEST(MlpBranch, RoundsFactorsInBfloat16) {
  const TokenLayout layout{{{3, 50}, {5, 17}}};
  const auto factors =
      at::tensor({1.25F, 0.0F, 1.25F, 1.25F, 1.25F, 0.0F, 0.0F, 1.25F});
  const auto tensors = mlp_tensors(layout);
  const auto in = [&](WeightFormat format, const Tensors& t) {
    auto parameters = mlp_of(t);
    parameters.format = format;
    return mlp_branch(t[0], parameters, layout, factors);
  };
  expect_same_branch(
      tensors,
      [&](const Tensors& t) { return in(WeightFormat::kBfloat16, t); },
      [&](const Tensors& t) { return mlp_reference(t, layout, factors); },
      kBfloat16Tolerance);
  EXPECT_GT(
      relative_difference(
          in(WeightFormat::kBfloat16, tensors).detach(),
          in(WeightFormat::kFloat32, tensors).detach().to(at::kDouble)),
      10 * kFloat32Tolerance);
}

TEST(MlpBranch, LeavesOutAndScalesImages) {
  const TokenLayout layout{{{2, 30}, {4, 21}}};
  expect_right_mlp(layout, at::tensor({1.25F, 0.0F, 0.0F, 1.25F, 1.25F, 0.0F}));
  expect_right_mlp(layout, at::tensor({0.0F, 1.25F, 1.25F, 0.0F, 0.0F, 1.25F}));
}

TEST(MlpBranch, GivesItsInputWhereAllImagesAreLeftOut) {
  expect_right_mlp({{{2, 5}}}, at::zeros({2}));
}

TEST(MlpBranch, IsTheSameWithoutGradients) {
  const TokenLayout layout{{{3, 41}}};
  const auto t = mlp_tensors(layout);
  const auto with = mlp_branch(t[0], mlp_of(t), layout, {});
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(
      at::equal(with.detach(), mlp_branch(t[0], mlp_of(t), layout, {})));
}

TEST(MlpBranch, HasTheSameGradientsWhereItComputesAgain) {
  const TokenLayout layout{{{2, 30}, {3, 17}}};
  const auto factors = at::tensor({1.25F, 1.25F, 0.0F, 1.25F, 1.25F});
  const auto gradients = [&](bool recomputes) {
    const auto t = mlp_tensors(layout);
    const auto y = mlp_branch(t[0], mlp_of(t), layout, factors, recomputes);
    return torch::autograd::grad({y.square().sum()}, t);
  };
  const auto kept = gradients(false);
  const auto computed_again = gradients(true);
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_TRUE(at::equal(kept[i], computed_again[i])) << i;
  }
}

}  // namespace
}  // namespace nadir::ops
