// Stacks of probe heads: those of the CPU beside the one of LibTorch's
// operators.
#include "eval/head_stack.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

namespace nadir::eval {
namespace {

struct StackCase {
  Task task;
  int64_t num_classes;
  int64_t num_rates;
  int64_t num_columns;
  int64_t batch;
};

HeadStackSetup setup_of(const StackCase& c, const at::Tensor& features) {
  HeadStackSetup setup;
  setup.features_NF = features.narrow(1, 3, c.num_columns);
  const int64_t num_images = features.size(0);
  setup.labels = at::zeros({num_images, c.num_classes});
  for (int64_t n = 0; n < num_images; ++n) {
    setup.labels[n][n % c.num_classes] = 1;
    if (c.task == Task::kMultiLabel) {
      setup.labels[n][n / 2 % c.num_classes] = 1;
    }
  }
  setup.weight_CF = 0.1 * at::randn({c.num_classes, c.num_columns});
  for (int64_t l = 0; l < c.num_rates; ++l) {
    setup.rates.push_back(0.02 * static_cast<double>(l + 1));
  }
  setup.task = c.task;
  return setup;
}

// Three epochs whose last batch is smaller.
void train(HeadStack& stack, int64_t num_images, int64_t batch) {
  for (int epoch = 0; epoch < 3; ++epoch) {
    stack.begin_epoch(1.0 / (1 + epoch), epoch == 2);
    at::manual_seed(epoch);
    const auto rows = at::randperm(num_images, at::kLong);
    for (int64_t begin = 0; begin < num_images; begin += batch) {
      stack.step({rows, rows}, begin, std::min(batch, num_images - begin));
    }
  }
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a - b).abs().max().item<double>();
}

class CpuStackTest
    : public testing::TestWithParam<std::unique_ptr<HeadStack> (*)(
          const HeadStackSetup&)> {};

INSTANTIATE_TEST_SUITE_P(
    Cases,
    CpuStackTest,
    testing::Values(&make_packed_stack, &make_narrow_stack),
    [](const auto& test) {
      return test.param == &make_packed_stack ? "Packed" : "Narrow";
    });

TEST_P(CpuStackTest, EqualsThatOfLibTorch) {
  // Heads short of a vector, in one panel and in several; columns and batches
  // short of a tile and beyond a share of work.
  for (const StackCase& c : std::vector<StackCase>{
           {Task::kMultiLabel, 3, 1, 5, 7},
           {Task::kMultiLabel, 19, 1, 100, 64},
           {Task::kMultiLabel, 19, 4, 130, 50},
           {Task::kSingleLabel, 10, 3, 64, 128},
           {Task::kSingleLabel, 1, 1, 1, 1}}) {
    SCOPED_TRACE(c.num_classes * c.num_rates);
    at::manual_seed(7);
    constexpr int64_t kImages = 150;
    const auto features = at::randn({kImages, c.num_columns + 6});
    const auto setup = setup_of(c, features);
    const auto stack = GetParam()(setup);
    const auto plain = make_tensor_stack(setup);
    EXPECT_LT(largest_difference(stack->weight(), plain->weight()), 1e-9);
    train(*stack, kImages, c.batch);
    train(*plain, kImages, c.batch);
    EXPECT_LT(largest_difference(stack->weight(), plain->weight()), 1e-5);
    EXPECT_LT(largest_difference(stack->bias(), plain->bias()), 1e-5);
    EXPECT_LT(
        largest_difference(stack->loss_sums(), plain->loss_sums()),
        1e-4 * plain->loss_sums().max().item<double>() + 1e-6);
  }
}

TEST_P(CpuStackTest, GivesTheSameBitsWithAnyNumberOfThreads) {
  at::manual_seed(7);
  const StackCase c = {Task::kMultiLabel, 19, 2, 200, 128};
  const auto features = at::randn({300, c.num_columns + 6});
  const auto setup = setup_of(c, features);
  const int before = at::get_num_threads();
  std::vector<at::Tensor> weights;
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    const auto stack = GetParam()(setup);
    train(*stack, 300, c.batch);
    weights.push_back(stack->weight());
  }
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(weights[0], weights[1]));
  EXPECT_TRUE(at::equal(weights[0], weights[2]));
}

}  // namespace
}  // namespace nadir::eval
