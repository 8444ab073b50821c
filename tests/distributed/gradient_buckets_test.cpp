#include "distributed/gradient_buckets.h"

#include <gtest/gtest.h>

#include "support/ranks_in_threads.h"

namespace nadir::distributed {
namespace {

// Two layers and one parameter that takes no part.
struct Network {
  Network() {
    for (const auto& shape :
         std::vector<std::vector<int64_t>>{{8, 4}, {8}, {3, 8}, {5}}) {
      parameters.push_back(at::ones(shape).requires_grad_(true));
    }
  }

  at::Tensor loss(const at::Tensor& input) const {
    const auto hidden =
        at::tanh(at::linear(input, parameters[0], parameters[1]));
    return at::linear(hidden, parameters[2]).square().mean();
  }

  std::vector<at::Tensor> parameters;
};

at::Tensor input_of(int64_t image) {
  return at::arange(4, at::kFloat).add(static_cast<double>(image)).sin();
}

at::Tensor inputs(int64_t first, int64_t count) {
  std::vector<at::Tensor> rows;
  for (int64_t i = first; i < first + count; ++i) {
    rows.push_back(input_of(i));
  }
  return at::stack(rows);
}

// Gradients of the loss over images 0 to 7 by one process.
std::vector<at::Tensor> expected_gradients(Network& network) {
  network.loss(inputs(0, 8)).backward();
  std::vector<at::Tensor> gradients;
  for (const auto& parameter : network.parameters) {
    gradients.push_back(parameter.grad());
  }
  return gradients;
}

TEST(GradientBuckets, AverageIsTheGradientOfTheWholeBatch) {
  Network whole;
  const auto expected = expected_gradients(whole);
  for (const int64_t bucket_bytes : {1, 100, 1 << 20}) {
    run_ranks(4, [&](const auto& group) {
      Network network;
      GradientBuckets buckets(network.parameters, group, bucket_bytes);
      for (int step = 0; step < 2; ++step) {
        for (auto& parameter : network.parameters) {
          parameter.mutable_grad().reset();
        }
        buckets.begin();
        network.loss(inputs(2 * group->rank(), 2)).backward();
        buckets.finish();
        for (size_t i = 0; i < 3; ++i) {
          EXPECT_TRUE(at::allclose(
              network.parameters[i].grad(), expected[i], 1e-5, 1e-7));
        }
        EXPECT_TRUE(at::equal(network.parameters[3].grad(), at::zeros({5})));
      }
    });
  }
}

TEST(GradientBuckets, AccumulateBeforeTheLastPass) {
  Network whole;
  const auto expected = expected_gradients(whole);
  run_ranks(2, [&](const auto& group) {
    Network network;
    GradientBuckets buckets(network.parameters, group);
    const int64_t first = 4 * group->rank();
    (network.loss(inputs(first, 2)) / 2).backward();
    buckets.begin();
    (network.loss(inputs(first + 2, 2)) / 2).backward();
    buckets.finish();
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(
          at::allclose(network.parameters[i].grad(), expected[i], 1e-5, 1e-7));
    }
  });
}

}  // namespace
}  // namespace nadir::distributed
