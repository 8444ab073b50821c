#include "ops/weight_gradient.h"

#include <ATen/Parallel.h>

#include "ops/branch_cases.h"
#include "ops/chunks.h"

namespace nadir::ops {
namespace {

// Several blocks of rows and parts of the weight, none of them whole.
constexpr int64_t kRows = 901;
constexpr int64_t kOut = 203;
constexpr int64_t kIn = 150;
constexpr int64_t kStride = kOut + 5;

at::Tensor gradient_of(
    const at::Tensor& grads, const at::Tensor& inputs, WeightFormat format) {
  WeightGradient gradient(grads.size(0), grads.size(1), inputs.size(1), format);
  for_each_chunk(
      grads.size(0),
      0,
      [&](int64_t /*chunk*/, int64_t first, int64_t count, float* /*none*/) {
        gradient.add(
            first,
            count,
            grads.const_data_ptr<float>() + first * grads.stride(0),
            grads.stride(0),
            inputs.const_data_ptr<float>() + first * inputs.size(1));
      });
  EXPECT_LE(
      relative_difference(gradient.bias(), grads.to(at::kDouble).sum(0)),
      kFloat32Tolerance);
  return gradient.weight();
}

TEST(WeightGradient, IsTheProductOfGradientsAndInputs) {
  const auto t = random_tensors({{kRows, kStride}, {kRows, kIn}});
  const auto grads = t[0].detach().slice(1, 0, kOut);
  const auto inputs = t[1].detach();
  const auto expected =
      at::mm(grads.to(at::kDouble).t(), inputs.to(at::kDouble));
  EXPECT_LE(
      relative_difference(
          gradient_of(grads, inputs, WeightFormat::kFloat32), expected),
      kFloat32Tolerance);
  EXPECT_LE(
      relative_difference(
          gradient_of(grads, inputs, WeightFormat::kBfloat16), expected),
      kBfloat16Tolerance);
}

TEST(WeightGradient, DoesNotDependOnTheNumberOfThreads) {
  const auto t = random_tensors({{kRows, kOut}, {kRows, kIn}});
  const int before = at::get_num_threads();
  for (const auto format : {WeightFormat::kFloat32, WeightFormat::kBfloat16}) {
    at::set_num_threads(1);
    const auto one = gradient_of(t[0].detach(), t[1].detach(), format);
    for (const int num_threads : {2, 3, 16}) {
      at::set_num_threads(num_threads);
      EXPECT_TRUE(
          at::equal(gradient_of(t[0].detach(), t[1].detach(), format), one))
          << num_threads;
    }
  }
  at::set_num_threads(before);
}

TEST(WeightGradient, IsZeroWithoutRows) {
  const WeightGradient gradient(0, 3, 2, WeightFormat::kFloat32);
  EXPECT_TRUE(at::equal(gradient.weight(), at::zeros({3, 2})));
  EXPECT_TRUE(at::equal(gradient.bias(), at::zeros({3})));
}

}  // namespace
}  // namespace nadir::ops
