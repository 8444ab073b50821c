#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "model/layers.h"
#include "support/ranks_in_threads.h"

namespace nadir::model {
namespace {

constexpr int64_t kNormRows = 12;
constexpr int64_t kNormDim = 5;

at::Tensor pattern(int64_t rows, double scale, double shift) {
  return at::arange(rows * kNormDim, at::kFloat).mul(scale).sin().reshape(
             {rows, kNormDim}) +
         shift;
}

// What a forward and backward pass of a BatchNorm over `x` leaves.
struct Outcome {
  at::Tensor y;
  at::Tensor x_grad;
  at::Tensor weight_grad;
  at::Tensor bias_grad;
  at::Tensor running_mean;
  at::Tensor running_var;
};

Outcome run_norm(
    const at::Tensor& values,
    const at::Tensor& y_grad,
    std::shared_ptr<const distributed::Communicator> group) {
  BatchNorm norm(kNormDim);
  norm.init_weights();
  norm.group = std::move(group);
  const auto x = values.clone().requires_grad_();
  const auto y = norm.forward(x);
  y.backward(y_grad);
  return {
      y.detach(),
      x.grad(),
      norm.weight.grad(),
      norm.bias.grad(),
      norm.running_mean,
      norm.running_var};
}

// Far from 0, where a variance from squares alone would be lost.
TEST(BatchNorm, OfSeveralRanksIsThatOfAllTheirRows) {
  const auto x = pattern(kNormRows, 1.7, 100);
  const auto y_grad = pattern(kNormRows, 0.9, 0.1);
  const auto alone = run_norm(x, y_grad, nullptr);
  for (const int64_t world_size : {2, 3}) {
    const int64_t rows = kNormRows / world_size;
    std::vector<Outcome> outcomes(static_cast<size_t>(world_size));
    run_ranks(world_size, [&](const auto& group) {
      const int64_t begin = group->rank() * rows;
      outcomes[static_cast<size_t>(group->rank())] = run_norm(
          x.narrow(0, begin, rows), y_grad.narrow(0, begin, rows), group);
    });
    auto weight_grad = at::zeros({kNormDim});
    auto bias_grad = at::zeros({kNormDim});
    for (int64_t rank = 0; rank < world_size; ++rank) {
      const auto& own = outcomes[static_cast<size_t>(rank)];
      const auto same = [&](const at::Tensor& a, const at::Tensor& b) {
        return at::allclose(a, b, 1e-4, 1e-4);
      };
      EXPECT_TRUE(same(own.y, alone.y.narrow(0, rank * rows, rows)));
      EXPECT_TRUE(same(own.x_grad, alone.x_grad.narrow(0, rank * rows, rows)));
      EXPECT_TRUE(same(own.running_mean, alone.running_mean));
      EXPECT_TRUE(same(own.running_var, alone.running_var));
      weight_grad += own.weight_grad;
      bias_grad += own.bias_grad;
    }
    EXPECT_TRUE(at::allclose(weight_grad, alone.weight_grad, 1e-3, 1e-3));
    EXPECT_TRUE(at::allclose(bias_grad, alone.bias_grad, 1e-4, 1e-4));
  }
}

}  // namespace
}  // namespace nadir::model
