#include "kernels/softmax.h"

#include <cmath>

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

constexpr int64_t kSoftmaxRows = 3;
constexpr float kScale = 0.125F;
constexpr double kTolerance = 4e-7;

TEST(Softmax, IsNearTheReferenceAtEveryLevelAndSize) {
  for_each_level([] {
    for (const int64_t cols : tail_sizes()) {
      for (const double size : {1.0, 400.0}) {
        const int64_t stride = cols + 3;
        const auto before = random_floats(kSoftmaxRows * stride + 1, 1, size);
        auto actual = before;
        auto again = before;
        auto expected = before;
        std::vector<float> log_sums(kSoftmaxRows);
        auto expected_sums = log_sums;
        softmax(
            actual.data() + 1,
            kSoftmaxRows,
            cols,
            stride,
            kScale,
            log_sums.data());
        softmax_again(
            again.data() + 1,
            kSoftmaxRows,
            cols,
            stride,
            kScale,
            log_sums.data());
        reference::softmax(
            expected.data() + 1,
            kSoftmaxRows,
            cols,
            stride,
            kScale,
            expected_sums.data());
        expect_all_near(actual, expected, kTolerance);
        expect_all_near(log_sums, expected_sums, kTolerance);
        for (size_t i = 0; i < again.size(); ++i) {
          // exp of a difference of numbers up to 50.
          ASSERT_NEAR(
              again[i], expected[i], 8e-6 * std::abs(expected[i]) + 1e-7);
        }
      }
    }
  });
}

TEST(Softmax, GradientIsThatOfTheReference) {
  for_each_level([] {
    for (const int64_t cols : tail_sizes()) {
      const auto rows = random_floats(kSoftmaxRows * cols, 1, 1);
      const auto dots = random_floats(kSoftmaxRows, 1, 1);
      auto actual = random_floats(kSoftmaxRows * cols, 1, 2);
      auto expected = actual;
      softmax_backward(
          rows.data(),
          kSoftmaxRows,
          cols,
          cols,
          kScale,
          dots.data(),
          actual.data());
      reference::softmax_backward(
          rows.data(),
          kSoftmaxRows,
          cols,
          cols,
          kScale,
          dots.data(),
          expected.data());
      expect_all_near(actual, expected, kTolerance);
    }
  });
}

TEST(Softmax, GivesNanForNan) {
  for_each_level([] {
    std::vector<float> row(20, 1.0F);
    row[3] = NAN;
    float log_sum = 0;
    softmax(row.data(), 1, 20, 20, 1, &log_sum);
    EXPECT_TRUE(std::isnan(log_sum));
    EXPECT_TRUE(std::isnan(row[3]));
  });
}

}  // namespace
}  // namespace nadir::kernels
