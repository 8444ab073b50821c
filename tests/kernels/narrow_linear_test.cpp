#include "kernels/narrow_linear.h"

#include <cmath>

#include "kernels/level_cases.h"

namespace nadir::kernels {
namespace {

constexpr double kNarrowTolerance = 3e-5;  // of sums of up to 1,000 products

// Rows picked from more, some of them twice; strides are wider than rows.
struct NarrowCase {
  NarrowCase(int64_t rows, int64_t inputs, int64_t outputs)
      : m(rows),
        k(inputs),
        n(outputs),
        stored(random_floats(kStored * (k + kPadding), 1)),
        weight(random_floats(n * k, 2)),
        bias(random_floats(n, 3)),
        gradients(random_floats(m * n, 4)),
        steps(random_floats(n * k, 5)) {
    for (int64_t row = 0; row < m; ++row) {
      picked.push_back(row * 7 % kStored);
      picked_next.push_back(row * 3 % kStored);
    }
  }

  [[nodiscard]] MatrixView rows() const {
    return {
        stored.data(), k + kPadding, false, picked.data(), picked_next.data()};
  }

  [[nodiscard]] NarrowMap map() const {
    return {rows(), m, k, n, weight.data(), bias.data()};
  }

  NarrowDescent descent() {
    return {
        rows(), gradients.data(), m, k, n, 0.9F, steps.data(), weight.data()};
  }

  static constexpr int64_t kStored = 23;
  static constexpr int64_t kPadding = 3;

  int64_t m;
  int64_t k;
  int64_t n;
  std::vector<float> stored;
  std::vector<float> weight;
  std::vector<float> bias;
  std::vector<float> gradients;
  std::vector<float> steps;
  std::vector<int64_t> picked;
  std::vector<int64_t> picked_next;
};

void expect_right_map(int64_t m, int64_t k, int64_t n) {
  SCOPED_TRACE(
      std::to_string(m) + " x " + std::to_string(k) + " to " +
      std::to_string(n));
  const NarrowCase c(m, k, n);
  std::vector<float> actual(m * n);
  std::vector<float> expected(m * n);
  narrow_linear(c.map(), actual.data());
  reference::narrow_linear(c.map(), expected.data());
  expect_all_near(actual, expected, kNarrowTolerance);
}

// Columns before and behind the range stay as they are.
void expect_right_descent(
    int64_t m, int64_t k, int64_t n, int64_t first, int64_t count) {
  SCOPED_TRACE(
      std::to_string(m) + " x " + std::to_string(k) + " to " +
      std::to_string(n));
  NarrowCase actual(m, k, n);
  NarrowCase expected(m, k, n);
  narrow_descend(actual.descent(), first, count);
  reference::narrow_descend(expected.descent(), first, count);
  expect_all_near(actual.steps, expected.steps, kNarrowTolerance);
  expect_all_near(actual.weight, expected.weight, kNarrowTolerance);
}

TEST(NarrowLinear, EqualsTheReferenceAtEveryLevelOverTails) {
  for_each_level([] {
    for (const int64_t size : tail_sizes()) {
      expect_right_map(size, 5, 19);
      expect_right_map(7, size, 10);
      expect_right_map(3, 40, size);
    }
    expect_right_map(64, 1000, 19);  // more than a block of inputs
  });
}

TEST(NarrowDescent, EqualsTheReferenceAtEveryLevelOverTails) {
  for_each_level([] {
    for (const int64_t size : tail_sizes()) {
      expect_right_descent(size, 48, 19, 0, 48);
      expect_right_descent(7, size, 10, 0, size);
      expect_right_descent(3, 50, size, 0, 50);
    }
    expect_right_descent(128, 200, 19, 48, 101);
  });
}

TEST(NarrowDescent, NeedsNoNextRows) {
  for_each_level([] {
    NarrowCase with(9, 64, 19);
    NarrowCase without(9, 64, 19);
    narrow_descend(with.descent(), 0, 64);
    auto descent = without.descent();
    descent.rows.picked_next = nullptr;
    narrow_descend(descent, 0, 64);
    EXPECT_EQ(with.weight, without.weight);
  });
}

}  // namespace
}  // namespace nadir::kernels
