#include "ops/attention_branch.h"

#include <ATen/Parallel.h>

#include "ops/branch_cases.h"

namespace nadir::ops {
namespace {

constexpr int64_t kDim = 48;
constexpr int64_t kHeads = 3;
constexpr double kEps = 1e-6;

AttentionParameters parameters_of(const Tensors& t) {
  return {t[1], t[2], t[3], t[4], t[5], t[6], kHeads, kEps};
}

Tensors tensors_for(const TokenLayout& layout) {
  return random_tensors(
      {{layout.num_rows(), kDim},
       {kDim},
       {kDim},
       {3 * kDim, kDim},
       {3 * kDim},
       {kDim, kDim},
       {kDim}});
}

at::Tensor reference(
    const Tensors& t,
    const TokenLayout& layout,
    const at::Tensor& factors_B,
    bool first_tokens_only) {
  return for_each_image(t[0], layout, [&](const at::Tensor& x, int64_t index) {
    const auto h = at::layer_norm(x, {x.size(1)}, t[1], t[2], kEps);
    const auto qkv = at::linear(h, t[3], t[4])
                         .view({x.size(0), 3, kHeads, kDim / kHeads})
                         .permute({1, 2, 0, 3});
    const auto scores = at::matmul(qkv[0], qkv[1].transpose(-2, -1)) /
                        std::sqrt(static_cast<double>(kDim / kHeads));
    const auto mixed = at::matmul(scores.softmax(-1), qkv[2])
                           .transpose(0, 1)
                           .reshape(x.sizes());
    const double factor =
        factors_B.defined() ? factors_B[index].item<double>() : 1;
    const auto y = x + at::linear(mixed, t[5], t[6]) * factor;
    return first_tokens_only ? y.slice(0, 0, 1) : y;
  });
}

void expect_right(const TokenLayout& layout, const at::Tensor& factors_B) {
  for (const bool first_only : {false, true}) {
    SCOPED_TRACE(first_only ? "first tokens" : "all tokens");
    expect_same_branch(
        tensors_for(layout),
        [&](const Tensors& t) {
          return attention_branch(
              t[0], parameters_of(t), layout, factors_B, first_only);
        },
        [&](const Tensors& t) {
          return reference(t, layout, factors_B, first_only);
        });
  }
}

TEST(AttentionBranch, RoundsFactorsInBfloat16) {
  const TokenLayout layout{{{3, 50}, {5, 17}}};
  const auto tensors = tensors_for(layout);
  const auto in = [&](WeightFormat format, const Tensors& t, bool first_only) {
    auto parameters = parameters_of(t);
    parameters.format = format;
    return attention_branch(t[0], parameters, layout, {}, first_only);
  };
  for (const bool first_only : {false, true}) {
    SCOPED_TRACE(first_only ? "first tokens" : "all tokens");
    expect_same_branch(
        tensors,
        [&](const Tensors& t) {
          return in(WeightFormat::kBfloat16, t, first_only);
        },
        [&](const Tensors& t) { return reference(t, layout, {}, first_only); },
        kBfloat16Tolerance);
    EXPECT_GT(
        relative_difference(
            in(WeightFormat::kBfloat16, tensors, first_only).detach(),
            in(WeightFormat::kFloat32, tensors, first_only)
                .detach()
                .to(at::kDouble)),
        10 * kFloat32Tolerance);
  }
}

TEST(AttentionBranch, AndItsGradientsEqualTheReference) {
  expect_right({{{2, 5}}}, {});
  expect_right({{{3, 65}, {5, 17}}}, {});
}

TEST(AttentionBranch, LeavesOutAndScalesImages) {
  const TokenLayout layout{{{2, 30}, {4, 21}}};
  expect_right(layout, at::tensor({1.25F, 0.0F, 0.0F, 1.25F, 1.25F, 0.0F}));
  expect_right(layout, at::tensor({0.0F, 1.25F, 1.25F, 0.0F, 0.0F, 1.25F}));
}

TEST(AttentionBranch, GivesItsInputWhereAllImagesAreLeftOut) {
  expect_right({{{2, 5}}}, at::zeros({2}));
}

TEST(AttentionBranch, DoesNotDependOnTheNumberOfThreads) {
  const TokenLayout layout{{{3, 65}, {5, 17}}};
  const auto run = [&layout](int num_threads) {
    const int before = at::get_num_threads();
    at::set_num_threads(num_threads);
    const auto t = tensors_for(layout);
    const auto y = attention_branch(t[0], parameters_of(t), layout, {});
    auto results = torch::autograd::grad({y.sum()}, t);
    results.push_back(y.detach());
    at::set_num_threads(before);
    return results;
  };
  const auto one = run(1);
  const auto three = run(3);
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_TRUE(at::equal(one[i], three[i])) << i;
  }
}

TEST(AttentionBranch, HasTheSameGradientsWhereItComputesAgain) {
  const TokenLayout layout{{{2, 30}, {3, 17}}};
  const auto factors = at::tensor({1.25F, 1.25F, 0.0F, 1.25F, 1.25F});
  for (const bool first : {false, true}) {
    const auto gradients = [&](bool recomputes) {
      const auto t = tensors_for(layout);
      const auto y = attention_branch(
          t[0], parameters_of(t), layout, factors, first, recomputes);
      return torch::autograd::grad({y.square().sum()}, t);
    };
    const auto kept = gradients(false);
    const auto computed_again = gradients(true);
    for (size_t i = 0; i < kept.size(); ++i) {
      EXPECT_TRUE(at::equal(kept[i], computed_again[i])) << i;
    }
  }
}

}  // namespace
}  // namespace nadir::ops
