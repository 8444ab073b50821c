#include "kernels/sigmoid.h"

#include <limits>

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

TEST(SigmoidResidual, IsNearTheReferenceAtEveryLevelAndSize) {
  for_each_level([] {
    for (const int64_t size : tail_sizes()) {
      auto actual = random_floats(size + 2, 1, 40);
      actual.back() = 3;  // stays
      const auto truth = random_floats(size + 1, 2);
      auto expected = actual;
      sigmoid_residual(actual.data() + 1, truth.data() + 1, size, 0.5F);
      reference::sigmoid_residual(
          expected.data() + 1, truth.data() + 1, size, 0.5F);
      expect_all_near(actual, expected, 1.5e-7);
    }
  });
}

TEST(SigmoidResidual, IsFiniteAtTheEndsAndKeepsNan) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for_each_level([] {
    std::vector<float> logits = {
        -kInfinity, -200, 200, kInfinity, std::nanf("")};
    const std::vector<float> truth = {0, 1, 1, 0, 1};
    sigmoid_residual(logits.data(), truth.data(), 5, 2);
    expect_all_near({logits.begin(), logits.begin() + 4}, {0, 2, 0, -2}, 1e-30);
    EXPECT_TRUE(std::isnan(logits[4]));
  });
}

}  // namespace
}  // namespace nadir::kernels
