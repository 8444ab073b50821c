#include "optim/schedule.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::optim {
namespace {

// 100 epochs of 526 steps, global batch 512: the reference on BigEarthNet.
constexpr int64_t kSteps = 100 * 526;
constexpr int64_t kWarmup = 10 * 526;

TEST(CosineSchedule, HasTheReferencesLearningRates) {
  const auto lr =
      cosine_schedule(scaled_learning_rate(0.0005, 512), 1e-6, kSteps, kWarmup);
  ASSERT_EQ(lr.size(), static_cast<size_t>(kSteps));
  EXPECT_EQ(lr[0], 0);
  EXPECT_EQ(lr[5259], 0.001);
  EXPECT_EQ(lr[5260], 0.001);
  EXPECT_NEAR(lr[52599], 1.0000011e-6, 5e-14);
}

TEST(CosineSchedule, HasTheReferencesMomentaAndDecays) {
  const auto momentum = cosine_schedule(0.996, 1, kSteps);
  EXPECT_EQ(momentum[0], 0.996);
  EXPECT_NEAR(momentum.back(), 0.99999999999643, 5e-15);
  const auto decay = cosine_schedule(0.04, 0.4, kSteps);
  EXPECT_NEAR(decay[26300], 0.22, 1e-15);
  EXPECT_NEAR(decay.back(), 0.3999999997, 5e-11);
}

TEST(CosineSchedule, TakesShortWarmUps) {
  EXPECT_EQ(cosine_schedule(1, 0, 2, 2), (std::vector<double>{0, 1}));
  // NumPy's linspace with one value gives its begin.
  EXPECT_EQ(cosine_schedule(1, 0, 2, 1), (std::vector<double>{0, 1}));
  EXPECT_TRUE(cosine_schedule(1, 0, 0).empty());
}

TEST(CosineSchedule, RefusesAWarmUpThatDoesNotFit) {
  EXPECT_THROW(static_cast<void>(cosine_schedule(1, 0, 5, 6)), Error);
  EXPECT_THROW(static_cast<void>(cosine_schedule(1, 0, 5, -1)), Error);
}

TEST(TeacherTempSchedule, RisesWithBothEndsThenStays) {
  const auto temp = teacher_temp_schedule(0.04, 0.07, 100, 30);
  EXPECT_EQ(temp.size(), 100U);
  EXPECT_EQ(temp[0], 0.04);
  EXPECT_EQ(temp[29], 0.07);
  EXPECT_EQ(temp[30], 0.07);
  EXPECT_EQ(temp[99], 0.07);
  EXPECT_NEAR(temp[1] - temp[0], 0.03 / 29, 1e-15);
}

TEST(TeacherTempSchedule, IsConstantWithoutAWarmUp) {
  EXPECT_EQ(
      teacher_temp_schedule(0.04, 0.05, 3, 0),
      (std::vector<double>{0.05, 0.05, 0.05}));
  EXPECT_THROW(
      static_cast<void>(teacher_temp_schedule(0.04, 0.07, 10, 30)), Error);
}

}  // namespace
}  // namespace nadir::optim
