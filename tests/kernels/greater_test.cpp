#include "kernels/greater.h"

#include <limits>

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

TEST(FindGreater, EqualsTheReferenceAtEveryLevelOverTails) {
  for_each_level([] {
    for (const int64_t size : tail_sizes()) {
      auto values = random_floats(size + 1, 1);
      auto bounds = random_floats(size + 1, 2);
      bounds[1] = values[1];  // equal is not greater
      values[static_cast<size_t>(size)] =
          std::numeric_limits<float>::quiet_NaN();
      std::vector<int32_t> actual(static_cast<size_t>(size), -1);
      auto expected = actual;
      const auto found = find_greater(
          values.data() + 1, bounds.data() + 1, size, actual.data());
      ASSERT_EQ(
          found,
          reference::find_greater(
              values.data() + 1, bounds.data() + 1, size, expected.data()));
      ASSERT_EQ(actual, expected) << size;
    }
  });
}

TEST(FindGreater, FindsAllAndNone) {
  for_each_level([] {
    const std::vector<float> values(40, 1);
    std::vector<int32_t> places(40);
    const std::vector<float> low(40, -std::numeric_limits<float>::infinity());
    EXPECT_EQ(find_greater(values.data(), low.data(), 40, places.data()), 40);
    EXPECT_EQ(places[39], 39);
    const std::vector<float> high(40, std::numeric_limits<float>::infinity());
    EXPECT_EQ(find_greater(values.data(), high.data(), 40, places.data()), 0);
  });
}

}  // namespace
}  // namespace nadir::kernels
