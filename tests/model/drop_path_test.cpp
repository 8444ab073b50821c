#include "model/drop_path.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::model {
namespace {

TEST(DropPath, RisesLinearlyFromZeroToTheRate) {
  EXPECT_EQ(drop_path_rate_of_block(0.1, 12, 0), 0);
  EXPECT_DOUBLE_EQ(drop_path_rate_of_block(0.1, 12, 11), 0.1);
  EXPECT_DOUBLE_EQ(drop_path_rate_of_block(0.11, 12, 1), 0.01);
}

TEST(DropPath, DropsAtTheRateAndScalesWhatItKeeps) {
  constexpr double kRate = 0.3;
  constexpr int64_t kRows = 20'000;
  const auto factors = draw_drop_path({.seed = 7, .step = 3}, kRate, 12, kRows);
  EXPECT_TRUE((factors[0] == 1).all().item<bool>());
  for (int64_t block = 1; block < 12; ++block) {
    const double p = drop_path_rate_of_block(kRate, 12, block);
    const auto is_dropped = factors[block] == 0;
    const double share = is_dropped.to(at::kDouble).mean().item<double>();
    // Five deviations of a binomial share over both branches.
    EXPECT_NEAR(share, p, 5 * std::sqrt(p * (1 - p) / (2 * kRows)));
    const auto kept = factors[block].masked_select(is_dropped.logical_not());
    EXPECT_TRUE((kept == static_cast<float>(1 / (1 - p))).all().item<bool>());
  }
}

TEST(DropPath, DrawsBothBranchesSeparately) {
  const auto factors = draw_drop_path({.seed = 1}, 0.5, 2, 1000);
  const auto is_equal = factors[1][0] == factors[1][1];
  EXPECT_NEAR(is_equal.to(at::kDouble).mean().item<double>(), 0.5, 0.1);
}

TEST(DropPath, DrawsTheSameForAnImageInASmallerBatch) {
  // Two views of six images at once, or of images 4 and 5 alone.
  const auto whole =
      draw_drop_path({.seed = 5, .step = 9, .images_per_view = 6}, 0.4, 6, 12);
  const auto part = draw_drop_path(
      {.seed = 5, .step = 9, .first_image = 4, .images_per_view = 2},
      0.4,
      6,
      4);
  const auto rows = at::tensor({4, 5, 10, 11}, at::kLong);
  EXPECT_TRUE(at::equal(whole.index_select(2, rows), part));
}

TEST(DropPath, DrawsAnewForEachStepAndView) {
  const auto draw = [](uint64_t step, int64_t view) {
    return draw_drop_path(
        {.seed = 5, .step = step, .first_view = view}, 0.5, 6, 64);
  };
  EXPECT_TRUE(at::equal(draw(1, 0), draw(1, 0)));
  EXPECT_FALSE(at::equal(draw(1, 0), draw(2, 0)));
  EXPECT_FALSE(at::equal(draw(1, 0), draw(1, 1)));
}

TEST(DropPath, RefusesARateOfOne) {
  EXPECT_THROW(static_cast<void>(draw_drop_path({}, 1.0, 12, 4)), Error);
}

}  // namespace
}  // namespace nadir::model
