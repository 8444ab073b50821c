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
    }
  });
}

TEST(Dot, OfNothingIsNothing) {
  EXPECT_EQ(dot(nullptr, nullptr, 0), 0);
}

}  // namespace
}  // namespace nadir::kernels
