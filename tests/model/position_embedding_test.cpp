#include "model/position_embedding.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/torch_tensors.h"

namespace nadir::model {
namespace {

double cubic(double x) {
  constexpr double kA = -0.75;
  x = std::abs(x);
  if (x <= 1) {
    return ((kA + 2) * x - (kA + 3)) * x * x + 1;
  }
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * kA : 0;
}

// One value of the interpolated grid, in double precision.
double interpolate(
    const at::Tensor& grid_SSD,
    int64_t row,
    int64_t col,
    int64_t channel,
    int64_t num_rows,
    int64_t num_cols,
    double offset) {
  const int64_t side = grid_SSD.size(0);
  const auto grid = grid_SSD.accessor<float, 3>();
  const auto source = [&](int64_t index, int64_t count) {
    return (static_cast<double>(index) + 0.5) * static_cast<double>(side) /
               (static_cast<double>(count) + offset) -
           0.5;
  };
  const double y = source(row, num_rows);
  const double x = source(col, num_cols);
  double sum = 0;
  for (int64_t i = std::llround(std::floor(y)) - 1; i < y + 2; ++i) {
    for (int64_t j = std::llround(std::floor(x)) - 1; j < x + 2; ++j) {
      sum += cubic(y - static_cast<double>(i)) *
             cubic(x - static_cast<double>(j)) *
             grid[std::clamp<int64_t>(i, 0, side - 1)]
                 [std::clamp<int64_t>(j, 0, side - 1)][channel];
    }
  }
  return sum;
}

TEST(PositionEmbedding, StaysAsItIsForTheStoredGrid) {
  const auto embedding = random_tensor({1, 1 + 14 * 14, 8}, 1);
  EXPECT_TRUE(
      interpolate_position_embedding(embedding, 14, 14).is_same(embedding));
}

TEST(PositionEmbedding, FollowsTheDefinitionWithTheOffsetOfATenth) {
  const auto embedding = random_tensor({1, 1 + 14 * 14, 3}, 2);
  const auto grid = embedding.slice(1, 1).reshape({14, 14, 3}).contiguous();
  for (const auto& [num_rows, num_cols] :
       {std::pair<int64_t, int64_t>{6, 6}, {30, 30}, {7, 20}}) {
    const auto out =
        interpolate_position_embedding(embedding, num_rows, num_cols);
    ASSERT_EQ(out.sizes(), at::IntArrayRef({1, 1 + num_rows * num_cols, 3}));
    EXPECT_TRUE(at::equal(out.slice(1, 0, 1), embedding.slice(1, 0, 1)));
    const auto values = out.accessor<float, 3>();
    double worst = 0;
    for (int64_t row = 0; row < num_rows; ++row) {
      for (int64_t col = 0; col < num_cols; ++col) {
        for (int64_t d = 0; d < 3; ++d) {
          const double expected =
              interpolate(grid, row, col, d, num_rows, num_cols, 0.1);
          const double got = values[0][1 + row * num_cols + col][d];
          worst = std::max(worst, std::abs(got - expected));
        }
      }
    }
    EXPECT_LT(worst, 1e-5) << num_rows << " x " << num_cols;
  }
}

TEST(PositionEmbedding, DiffersFromPlainInterpolationBecauseOfTheOffset) {
  // The reference page: up to 0.025 at deviation 0.02 for 6 x 6 of 14 x 14.
  const auto embedding = random_tensor({1, 1 + 14 * 14, 384}, 3) * 0.02;
  const auto grid = embedding.slice(1, 1).reshape({14, 14, 384}).contiguous();
  const auto out = interpolate_position_embedding(embedding, 6, 6);
  const auto plain = at::upsample_bicubic2d(
                         grid.permute({2, 0, 1}).unsqueeze(0),
                         {6, 6},
                         /*align_corners=*/false)
                         .permute({0, 2, 3, 1})
                         .reshape({1, 36, 384});
  const double difference = max_difference(out.slice(1, 1), plain);
  EXPECT_GT(difference, 0.01);
  EXPECT_LT(difference, 0.05);
}

TEST(PositionEmbedding, InterpolatesALongImageOfAsManyPatches) {
  // 7 x 28 has as many patches as 14 x 14, and is another grid all the same.
  const auto embedding = random_tensor({1, 1 + 14 * 14, 3}, 4);
  const auto out = interpolate_position_embedding(embedding, 7, 28);
  EXPECT_EQ(out.size(1), embedding.size(1));
  EXPECT_FALSE(at::equal(out, embedding));
}

TEST(PositionEmbedding, RefusesAGridThatIsNotSquare) {
  const auto embedding = random_tensor({1, 1 + 12, 3}, 5);
  EXPECT_THROW(
      static_cast<void>(interpolate_position_embedding(embedding, 3, 4)),
      Error);
}

}  // namespace
}  // namespace nadir::model
