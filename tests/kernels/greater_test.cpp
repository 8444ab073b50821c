#include "kernels/greater.h"

#include <limits>

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

template <class Number>
std::vector<Number> random_numbers(int64_t count, uint64_t seed) {
  const auto floats = random_floats(count, seed, 2e9);
  return {floats.begin(), floats.end()};
}

template <class Number>
void expect_reference_over_tails(Number never_greater) {
  for_each_level([&] {
    for (const int64_t size : tail_sizes()) {
      auto values = random_numbers<Number>(size + 1, 1);
      auto bounds = random_numbers<Number>(size + 1, 2);
      bounds[1] = values[1];  // equal is not greater
      values[static_cast<size_t>(size)] = never_greater;
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

TEST(FindGreater, EqualsTheReferenceAtEveryLevelOverTails) {
  expect_reference_over_tails(std::numeric_limits<float>::quiet_NaN());
  expect_reference_over_tails(std::numeric_limits<int32_t>::min());
}

template <class Number>
void expect_all_and_none(Number lowest, Number highest) {
  for_each_level([&] {
    const std::vector<Number> values(40, 1);
    std::vector<int32_t> places(40);
    const std::vector<Number> low(40, lowest);
    EXPECT_EQ(find_greater(values.data(), low.data(), 40, places.data()), 40);
    EXPECT_EQ(places[39], 39);
    const std::vector<Number> high(40, highest);
    EXPECT_EQ(find_greater(values.data(), high.data(), 40, places.data()), 0);
  });
}

TEST(FindGreater, FindsAllAndNone) {
  const float infinity = std::numeric_limits<float>::infinity();
  expect_all_and_none(-infinity, infinity);
  expect_all_and_none(
      std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max());
}

}  // namespace
}  // namespace nadir::kernels
