#include "scene/window_plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::scene {
namespace {

std::vector<int64_t> starts_of(const Axis& axis) {
  std::vector<int64_t> starts;
  for (int64_t window = 0; window < axis.num_windows(); ++window) {
    starts.push_back(axis.start(window));
  }
  return starts;
}

using Starts = std::vector<int64_t>;

TEST(Axis, WindowsBeginAtMultiplesOfTheStrideAndTheLastEndsWithTheScene) {
  EXPECT_EQ(starts_of(Axis(240, 120, 60, 60)), (Starts{0, 60, 120}));
  EXPECT_EQ(starts_of(Axis(250, 120, 60, 60)), (Starts{0, 60, 120, 130}));
  EXPECT_EQ(starts_of(Axis(120, 120, 120, 120)), (Starts{0}));
  EXPECT_EQ(starts_of(Axis(121, 120, 120, 120)), (Starts{0, 1}));
}

TEST(Axis, RefusesWindowsThatDoNotFitAndStridesThatLeaveGaps) {
  EXPECT_THROW(Axis(100, 120, 60, 60), Error);
  EXPECT_THROW(Axis(240, 120, 121, 60), Error);
  EXPECT_THROW(Axis(240, 120, 0, 1), Error);
  EXPECT_THROW(Axis(240, 0, 1, 1), Error);
  EXPECT_THROW(Axis(240, 120, 60, 61), Error);
}

struct Sizes {
  int64_t scene;
  int64_t window;
  int64_t stride;
  int64_t cell;
};

// All that a map relies on, for sizes that fit and that do not.
class AxisOf : public testing::TestWithParam<Sizes> {
 protected:
  [[nodiscard]] static Axis axis() {
    const auto& p = GetParam();
    return {p.scene, p.window, p.stride, p.cell};
  }
};

TEST_P(AxisOf, CellsCoverTheScene) {
  const auto cells = axis();
  int64_t next = 0;
  for (int64_t cell = 0; cell < cells.num_cells(); ++cell) {
    EXPECT_EQ(cells.cell_begin(cell), next);
    EXPECT_GT(cells.cell_end(cell), next);
    next = cells.cell_end(cell);
  }
  EXPECT_EQ(next, GetParam().scene);
}

TEST_P(AxisOf, EveryCellHasOneOwnerThatHoldsItsBeginning) {
  const auto cells = axis();
  int64_t owned = 0;
  int64_t most = 0;
  for (int64_t window = 0; window < cells.num_windows(); ++window) {
    EXPECT_EQ(cells.first_own_cell(window), owned);
    for (; owned < cells.first_own_cell(window + 1); ++owned) {
      EXPECT_GE(cells.cell_begin(owned), cells.start(window));
      EXPECT_LT(
          cells.cell_begin(owned), cells.start(window) + GetParam().window);
    }
    most = std::max(
        most, cells.first_own_cell(window + 1) - cells.first_own_cell(window));
  }
  EXPECT_EQ(owned, cells.num_cells());
  EXPECT_EQ(most, cells.most_own_cells());
}

TEST_P(AxisOf, EveryCellTakesItsValueFromAllWindowsOverItsCentre) {
  const auto cells = axis();
  const auto length = static_cast<double>(GetParam().window);
  for (int64_t cell = 0; cell < cells.num_cells(); ++cell) {
    const auto shares = cells.shares(cell, 1, Blend::kCosine);
    ASSERT_FALSE(shares.empty());
    const double center =
        0.5 *
        static_cast<double>(cells.cell_begin(cell) + cells.cell_end(cell));
    size_t next = 0;
    for (int64_t window = 0; window < cells.num_windows(); ++window) {
      const auto start = static_cast<double>(cells.start(window));
      if (center <= start || center >= start + length) {
        continue;
      }
      ASSERT_LT(next, shares.size());
      const double offset = (center - start) / length;
      // cos^2(pi (offset - 1/2)) = sin^2(pi offset)
      const double sine = std::sin(std::numbers::pi * offset);
      EXPECT_EQ(shares[next].window, window);
      EXPECT_NEAR(shares[next].weight, sine * sine, 1e-12);
      EXPECT_GT(shares[next].weight, 0);
      ++next;
    }
    EXPECT_EQ(next, shares.size());
  }
}

TEST_P(AxisOf, WithoutBlendingTheNearestWindowDecidesAlone) {
  const auto cells = axis();
  for (int64_t cell = 0; cell < cells.num_cells(); ++cell) {
    const auto one = cells.shares(cell, 1, Blend::kNone);
    const auto all = cells.shares(cell, 1, Blend::kCosine);
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].weight, 1);
    const auto nearest = std::max_element(
        all.begin(), all.end(), [](const Share& a, const Share& b) {
          return a.weight < b.weight;
        });
    EXPECT_EQ(one[0].window, nearest->window);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes,
    AxisOf,
    testing::Values(
        Sizes{240, 120, 60, 60},
        Sizes{250, 120, 60, 60},
        Sizes{120, 120, 60, 60},
        Sizes{121, 120, 120, 120},
        Sizes{1068, 64, 64, 64},
        Sizes{1068, 64, 32, 32},
        Sizes{1068, 64, 24, 24},
        Sizes{1068, 64, 64, 8},
        Sizes{1000, 120, 50, 15},
        Sizes{17, 5, 3, 2},
        Sizes{9, 1, 1, 1}));

TEST(Axis, AWindowThatIsItsOwnCellIsTakenWhole) {
  const Axis axis(640, 64, 64, 64);
  for (int64_t cell = 0; cell < axis.num_cells(); ++cell) {
    const auto shares = axis.shares(cell, 1, Blend::kCosine);
    ASSERT_EQ(shares.size(), 1U);
    EXPECT_EQ(shares[0].window, cell);
    EXPECT_EQ(shares[0].weight, 1);
  }
}

TEST(Axis, HalfAWindowApartTwoWindowsCountTheSame) {
  const Axis axis(640, 64, 32, 32);
  for (int64_t cell = 1; cell + 1 < axis.num_cells(); ++cell) {
    const auto shares = axis.shares(cell, 1, Blend::kCosine);
    ASSERT_EQ(shares.size(), 2U);
    EXPECT_EQ(shares[0].window, cell - 1);
    EXPECT_EQ(shares[1].window, cell);
    EXPECT_NEAR(shares[0].weight, 0.5, 1e-12);
    EXPECT_NEAR(shares[1].weight, 0.5, 1e-12);
  }
}

TEST(Axis, PartsOfAWindowGoToTheCellsInThem) {
  const Axis axis(64, 64, 64, 8);
  for (int64_t cell = 0; cell < axis.num_cells(); ++cell) {
    const auto shares = axis.shares(cell, 8, Blend::kCosine);
    ASSERT_EQ(shares.size(), 1U);
    EXPECT_EQ(shares[0].part, cell);
  }
}

TEST(WindowPlan, OwnCellsOfAllWindowsLieBehindEachOther) {
  const WindowPlan plan = {Axis(250, 120, 60, 60), Axis(1000, 120, 50, 15)};
  int64_t next = 0;
  for (int64_t window = 0; window < plan.num_windows(); ++window) {
    EXPECT_EQ(plan.first_own_cell(window), next);
    const int64_t row = plan.row_of(window);
    const int64_t col = plan.col_of(window);
    next +=
        (plan.rows.first_own_cell(row + 1) - plan.rows.first_own_cell(row)) *
        (plan.cols.first_own_cell(col + 1) - plan.cols.first_own_cell(col));
  }
  EXPECT_EQ(plan.first_own_cell(plan.num_windows()), next);
  EXPECT_EQ(next, plan.rows.num_cells() * plan.cols.num_cells());
}

}  // namespace
}  // namespace nadir::scene
