#include "scene/blend.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"

namespace nadir::scene {
namespace {

struct BlendCase {
  WindowPlan plan;
  int64_t num_values = 1;
  int64_t num_parts = 1;
  std::vector<float> values;  // [windows, values, parts, parts]
  std::vector<uint8_t> is_given;
  std::vector<uint8_t> has_data;  // [rows of cells, cells]

  BlendCase(const WindowPlan& of, int64_t num_values_, int64_t num_parts_)
      : plan(of), num_values(num_values_), num_parts(num_parts_) {
    RandomStream random(7, StreamPurpose::kTest);
    const int64_t size = num_values * num_parts * num_parts;
    for (int64_t i = 0; i < plan.num_windows() * size; ++i) {
      values.push_back(static_cast<float>(random.uniform()));
    }
    is_given.assign(static_cast<size_t>(plan.num_windows()), 1);
    has_data.assign(
        static_cast<size_t>(plan.rows.num_cells() * plan.cols.num_cells()), 1);
  }

  [[nodiscard]] BlendSource source() const {
    BlendSource result;
    result.num_values = num_values;
    result.num_parts = num_parts;
    result.read_row = [this](int64_t row) {
      const int64_t across = plan.cols.num_windows();
      const int64_t size = num_values * num_parts * num_parts;
      const auto at = [](auto& all, int64_t begin, int64_t end) {
        return std::vector(all.begin() + begin, all.begin() + end);
      };
      const int64_t cells = plan.cols.num_cells();
      return WindowRow{
          at(values, row * across * size, (row + 1) * across * size),
          at(is_given, row * across, (row + 1) * across),
          at(has_data,
             plan.rows.first_own_cell(row) * cells,
             plan.rows.first_own_cell(row + 1) * cells)};
    };
    return result;
  }

  // [rows of cells, values, cells]
  [[nodiscard]] std::vector<float> blended(Blend blend, int64_t* count) const {
    std::vector<float> cells;
    *count = blend_windows(
        plan, blend, source(), [&](int64_t row, std::span<const float> of_row) {
          EXPECT_EQ(
              static_cast<int64_t>(cells.size()),
              row * static_cast<int64_t>(of_row.size()));
          cells.insert(cells.end(), of_row.begin(), of_row.end());
        });
    return cells;
  }

  // The mean over all windows, in plain loops.
  [[nodiscard]] double expected(int64_t y, int64_t k, int64_t x) const {
    double sum = 0;
    double total = 0;
    for (const auto& down : plan.rows.shares(y, num_parts, Blend::kCosine)) {
      for (const auto& along : plan.cols.shares(x, num_parts, Blend::kCosine)) {
        const int64_t window =
            down.window * plan.cols.num_windows() + along.window;
        if (is_given[window] == 0) {
          continue;
        }
        const int64_t place =
            ((window * num_values + k) * num_parts + down.part) * num_parts +
            along.part;
        sum += down.weight * along.weight * values[place];
        total += down.weight * along.weight;
      }
    }
    const bool has = has_data[y * plan.cols.num_cells() + x] != 0;
    return has && total > 0 ? sum / total : std::nan("");
  }

  void expect_blended() const {
    int64_t count = 0;
    const auto cells = blended(Blend::kCosine, &count);
    const int64_t across = plan.cols.num_cells();
    int64_t num_given = 0;
    for (int64_t y = 0; y < plan.rows.num_cells(); ++y) {
      for (int64_t k = 0; k < num_values; ++k) {
        for (int64_t x = 0; x < across; ++x) {
          const float value = cells[(y * num_values + k) * across + x];
          const double wanted = expected(y, k, x);
          ASSERT_EQ(std::isnan(value), std::isnan(wanted)) << y << " " << x;
          num_given += k == 0 && !std::isnan(wanted) ? 1 : 0;
          if (!std::isnan(wanted)) {
            EXPECT_NEAR(value, wanted, 1e-6);
          }
        }
      }
    }
    EXPECT_EQ(count, num_given);
  }
};

WindowPlan uneven_plan() {
  return {Axis(250, 120, 60, 60), Axis(333, 120, 50, 50)};
}

TEST(Blend, IsTheWeightedMeanOfTheWindowsOverACell) {
  BlendCase(uneven_plan(), 3, 1).expect_blended();
}

TEST(Blend, ReadsThePartsOfWindows) {
  BlendCase({Axis(250, 64, 32, 8), Axis(333, 64, 40, 8)}, 2, 8)
      .expect_blended();
}

TEST(Blend, LeavesOutWindowsThatAreNotGivenAndCellsWithoutData) {
  BlendCase one(uneven_plan(), 2, 1);
  RandomStream random(8, StreamPurpose::kTest);
  for (auto& given : one.is_given) {
    given = static_cast<uint8_t>(random.uniform() < 0.4 ? 1 : 0);
  }
  for (auto& data : one.has_data) {
    data = static_cast<uint8_t>(random.uniform() < 0.7 ? 1 : 0);
  }
  one.expect_blended();
}

TEST(Blend, KeepsTheBitsOfAWindowThatDecidesAlone) {
  const BlendCase one({Axis(640, 64, 64, 64), Axis(640, 64, 64, 64)}, 1, 1);
  for (const auto blend : {Blend::kCosine, Blend::kNone}) {
    int64_t count = 0;
    EXPECT_TRUE(one.blended(blend, &count) == one.values);
    EXPECT_EQ(count, 100);
  }
}

// Only one of the windows is given; its weight is small and no round number.
TEST(Blend, KeepsTheBitsOfTheOnlyWindowThatIsGiven) {
  BlendCase one({Axis(64, 64, 64, 64), Axis(120, 64, 10, 10)}, 1, 1);
  std::fill(one.is_given.begin(), one.is_given.end(), uint8_t{0});
  one.is_given[2] = 1;
  int64_t count = 0;
  const auto cells = one.blended(Blend::kCosine, &count);
  for (const float value : cells) {
    EXPECT_TRUE(std::isnan(value) || value == one.values[2]);
  }
  EXPECT_GT(count, 4);
}

// A constant stays that constant: the weights sum to 1.
TEST(Blend, WeightsSumToOne) {
  BlendCase one(uneven_plan(), 1, 1);
  std::fill(one.values.begin(), one.values.end(), 0.7F);
  int64_t count = 0;
  for (const float value : one.blended(Blend::kCosine, &count)) {
    EXPECT_FLOAT_EQ(value, 0.7F);
  }
}

}  // namespace
}  // namespace nadir::scene
