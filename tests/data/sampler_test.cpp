#include "data/sampler.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::data {
namespace {

// The images of each step of an epoch, over all ranks and in their order.
std::vector<std::vector<int64_t>> steps_of(
    int64_t world_size,
    int64_t batch_size,
    int64_t num_shares = 1,
    int64_t epoch = 3) {
  std::vector<std::vector<int64_t>> steps;
  for (int64_t rank = 0; rank < world_size; ++rank) {
    const Sampler sampler(
        {.num_samples = 37,
         .batch_size = batch_size,
         .seed = 1,
         .rank = rank,
         .world_size = world_size,
         .num_shares = num_shares});
    const auto order = sampler.order(epoch);
    EXPECT_EQ(
        static_cast<int64_t>(order.size()),
        sampler.steps_per_epoch() * batch_size);
    steps.resize(static_cast<size_t>(sampler.steps_per_epoch()));
    for (size_t i = 0; i < order.size(); ++i) {
      steps[i / static_cast<size_t>(batch_size)].push_back(order[i]);
    }
  }
  return steps;
}

TEST(Sampler, GivesEveryStepTheSameImagesHoweverManyRanks) {
  const auto alone = steps_of(1, 8);
  ASSERT_EQ(alone.size(), 4U);
  EXPECT_EQ(steps_of(2, 4), alone);
  EXPECT_EQ(steps_of(4, 2), alone);
  EXPECT_EQ(steps_of(8, 1), alone);
  std::set<int64_t> seen;
  for (const auto& step : alone) {
    seen.insert(step.begin(), step.end());
  }
  EXPECT_EQ(seen.size(), 32U);  // none twice
}

TEST(Sampler, RefusesToShareAShortBatch) {
  EXPECT_THROW(
      Sampler({.num_samples = 9, .drop_last = false, .world_size = 2}), Error);
}

// docs/dino.md: BigEarthNet's train split on 8 ranks of 64 has 526 steps.
TEST(Sampler, CountsStepsAsTheReferenceDoes) {
  const Sampler sampler(
      {.num_samples = 269'695, .batch_size = 64, .world_size = 8});
  EXPECT_EQ(sampler.steps_per_epoch(), 526);
}

TEST(Sampler, WithSharesEveryStepHasTheSameImagesHoweverManyRanks) {
  const auto alone = steps_of(1, 8, 4);
  ASSERT_EQ(alone.size(), 4U);
  EXPECT_EQ(steps_of(2, 4, 4), alone);
  EXPECT_EQ(steps_of(4, 2, 4), alone);
  EXPECT_EQ(steps_of(8, 1, 4), alone);
  std::set<int64_t> seen;
  for (const auto& step : alone) {
    seen.insert(step.begin(), step.end());
  }
  EXPECT_EQ(seen.size(), 32U);  // none twice
}

TEST(Sampler, ARankReadsItsOwnShareOnly) {
  // Four shares of 9 or 10 of 37 images, over two ranks.
  const auto order_of = [](int64_t rank) {
    return Sampler({.num_samples = 37,
                    .batch_size = 4,
                    .rank = rank,
                    .world_size = 2,
                    .num_shares = 4})
        .order(0);
  };
  const auto first = order_of(0);
  const auto second = order_of(1);
  EXPECT_LT(std::ranges::max(first), 18);
  EXPECT_GE(std::ranges::min(second), 18);
}

// How often pairs of images share a step. Shuffled all together: (B - 1) /
// (N - 1) of the epochs for every pair. With S shares of equal size: B / N for
// images of two shares, (B / S - 1) / (N / S - 1) within one.
TEST(Sampler, SharesMixImagesAsOftenAsTheBoundSays) {
  constexpr int64_t kNumImages = 32;
  constexpr int64_t kBatch = 8;
  constexpr int64_t kShares = 2;
  constexpr int64_t kEpochs = 4000;
  double num_apart = 0;   // pairs of two shares that met
  double num_within = 0;  // pairs of one share that met
  for (int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    const Sampler sampler(
        {.num_samples = kNumImages,
         .batch_size = kBatch,
         .seed = 5,
         .num_shares = kShares});
    const auto order = sampler.order(epoch);
    for (size_t i = 0; i < order.size(); ++i) {
      for (size_t j = i + 1; j / kBatch == i / kBatch; ++j) {
        const bool is_within = order[i] / 16 == order[j] / 16;
        (is_within ? num_within : num_apart) += 1;
      }
    }
  }
  const double apart = num_apart / kEpochs / (16 * 16);
  const double within = num_within / kEpochs / (2 * (16 * 15 / 2));
  EXPECT_NEAR(apart, 8.0 / 32, 1e-9);         // exact: four of each share
  EXPECT_NEAR(within, (4.0 - 1) / 15, 1e-9);  // in every step
  const double together = (kBatch - 1.0) / (kNumImages - 1.0);
  EXPECT_LE(apart / together, 1 + 1 / (kBatch - 1.0));
  EXPECT_GE(within / together, 1 - (kShares - 1) / (kBatch - 1.0));
  // And within a share, no pair is preferred.
  std::vector<double> with_first(kNumImages, 0);
  for (int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    const Sampler sampler(
        {.num_samples = kNumImages,
         .batch_size = kBatch,
         .seed = 5,
         .num_shares = kShares});
    const auto order = sampler.order(epoch);
    const auto place =
        std::distance(order.begin(), std::ranges::find(order, 0)) / kBatch;
    for (int64_t i = 0; i < kBatch; ++i) {
      with_first[static_cast<size_t>(
          order[static_cast<size_t>(place * kBatch + i)])] += 1.0 / kEpochs;
    }
  }
  for (int64_t image = 1; image < kNumImages; ++image) {
    const double expected = image < 16 ? within : apart;
    // Five standard deviations of a share of 4000 draws.
    EXPECT_NEAR(with_first[static_cast<size_t>(image)], expected, 0.035)
        << image;
  }
}

TEST(Sampler, RefusesSharesThatDoNotDivide) {
  const auto make = [](int64_t world_size, int64_t batch_size, int64_t shares) {
    return Sampler(
        {.num_samples = 64,
         .batch_size = batch_size,
         .world_size = world_size,
         .num_shares = shares});
  };
  EXPECT_THROW(make(3, 4, 2), Error);  // a rank would read half of a share
  EXPECT_THROW(make(1, 4, 3), Error);  // 4 images from 3 shares
  EXPECT_THROW(make(1, 4, 0), Error);
}

}  // namespace
}  // namespace nadir::data
