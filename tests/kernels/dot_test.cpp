#include "kernels/dot.h"

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

TEST(Dot, EqualsTheReferenceAtEveryLevelOverTails) {
  for_each_level([] {
    for (const int64_t size : tail_sizes()) {
      const auto a = random_floats(size + 1, 1);
      const auto b = random_floats(size + 3, 2);
      EXPECT_NEAR(
          dot(a.data() + 1, b.data() + 3, size),
          reference::dot(a.data() + 1, b.data() + 3, size),
          1e-6 * static_cast<double>(size))
          << size;
      EXPECT_NEAR(
          squared_distance(a.data() + 1, b.data() + 3, size),
          reference::squared_distance(a.data() + 1, b.data() + 3, size),
          1e-6 * static_cast<double>(size))
          << size;
    }
  });
}

// Terms of alternating sign and falling size, which round the most.
TEST(Dot, IsOffByNoMoreThanItsError) {
  for_each_level([] {
    for (const int64_t size : {15, 64, 383, 384, 1536}) {
      auto a = random_floats(size, 3);
      const auto b = random_floats(size, 4);
      double sum_of_sizes = 0;
      for (int64_t i = 0; i < size; ++i) {
        const auto at = static_cast<size_t>(i);
        a[at] *= 1000.0F / static_cast<float>(1 + i);
        sum_of_sizes += std::abs(static_cast<double>(a[at]) * b[at]);
      }
      EXPECT_NEAR(
          dot(a.data(), b.data(), size),
          reference::dot(a.data(), b.data(), size),
          dot_error(size) * sum_of_sizes)
          << size;
    }
  });
}

TEST(Dot, OfNothingIsNothing) {
  EXPECT_EQ(dot(nullptr, nullptr, 0), 0);
  EXPECT_EQ(squared_distance(nullptr, nullptr, 0), 0);
}

}  // namespace
}  // namespace nadir::kernels
