#include "kernels/gelu.h"

#include <cmath>

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

// From -12 to 12, where everything has long been 0 or x.
std::vector<float> wide_range(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count) + 1);
  for (int64_t i = 0; i <= count; ++i) {
    values[static_cast<size_t>(i)] = static_cast<float>(
        24.0 * static_cast<double>(i * 37 % (count + 1)) /
            static_cast<double>(count + 1) -
        12.0);
  }
  return values;
}

void expect_near_reference(int64_t count) {
  const auto x = wide_range(count);
  std::vector<float> y(x.size(), -7);
  std::vector<float> grad(x.size(), 0.5F);
  auto y_again = y;
  auto expected_y = y;
  auto expected_grad = grad;
  gelu(x.data() + 1, count, y.data() + 1);
  gelu_backward(x.data() + 1, count, y_again.data() + 1, grad.data() + 1);
  reference::gelu_backward(
      x.data() + 1, count, expected_y.data() + 1, expected_grad.data() + 1);
  EXPECT_EQ(y, y_again);
  for (size_t i = 0; i < x.size(); ++i) {
    const float room = 3e-7F * std::max(1.0F, std::abs(x[i]));
    ASSERT_NEAR(y[i], expected_y[i], room) << x[i];
    ASSERT_NEAR(grad[i], expected_grad[i], room) << x[i];
  }
}

TEST(Gelu, IsNearTheReferenceAtEveryLevelSizeAndEnd) {
  for_each_level([] {
    for (const int64_t size : tail_sizes()) {
      expect_near_reference(size);
    }
    expect_near_reference(100'000);
  });
}

TEST(Gelu, WorksInPlaceAndKeepsNan) {
  for_each_level([] {
    std::vector<float> x = {NAN, 0, 1e30F, -1e30F, -INFINITY, INFINITY};
    gelu(x.data(), 4, x.data());
    EXPECT_TRUE(std::isnan(x[0]));
    EXPECT_EQ(x[1], 0);
    EXPECT_EQ(x[2], 1e30F);
    EXPECT_NEAR(x[3], 0, 1e-6);
  });
}

}  // namespace
}  // namespace nadir::kernels
