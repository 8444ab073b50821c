#include "train/health_watch.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace nadir::train {
namespace {

constexpr int64_t kPrototypes = 1024;
const double kLogK = std::log(1024.0);

// The warnings of a run whose sample at step 10, 20, ... 1000 is given by the
// share of the run that is over.
std::vector<std::string> warnings_of(
    const std::function<HealthSample(double)>& sample_at) {
  HealthWatch watch(kPrototypes, /*grace_steps=*/200);
  std::vector<std::string> warnings;
  for (int64_t step = 10; step <= 1000; step += 10) {
    auto sample = sample_at(static_cast<double>(step) / 1000);
    sample.step = step;
    const std::string warning = watch.add(sample);
    if (!warning.empty()) {
      warnings.push_back(warning);
    }
  }
  return warnings;
}

TEST(HealthWatch, IsSilentOnAHealthyRun) {
  // Falls from ln K, settles between, uses many prototypes, trembles a little.
  const auto warnings = warnings_of([](double share) {
    const double loss =
        kLogK * (0.5 + 0.5 * std::exp(-6 * share)) + 0.1 * std::sin(90 * share);
    return HealthSample{0, loss, 0.8 * loss, 0.2 * loss, 0.9 * kLogK};
  });
  EXPECT_EQ(warnings, std::vector<std::string>());
}

TEST(HealthWatch, TakesAFastFallForProgress) {
  // Once taken for a swing: nine tenths of ln K within one window.
  const auto warnings = warnings_of([](double share) {
    const double loss = kLogK * (share < 0.3 ? 1 : share < 0.4 ? 0.5 : 0.1);
    return HealthSample{0, loss, 0.5 * loss, 0.5 * loss, 0.9 * kLogK};
  });
  for (const auto& warning : warnings) {
    EXPECT_EQ(warning.find("swings"), std::string::npos) << warning;
  }
}

TEST(HealthWatch, NamesACollapseToUniform) {
  const auto warnings = warnings_of([](double) {
    return HealthSample{0, kLogK, kLogK, 1e-4, kLogK};
  });
  ASSERT_EQ(warnings.size(), 1U);  // once, though it lasts
  EXPECT_NE(warnings[0].find("collapse to uniform"), std::string::npos);
  EXPECT_NE(warnings[0].find("teacher_temp"), std::string::npos);
}

TEST(HealthWatch, NamesACollapseToOnePrototype) {
  const auto warnings = warnings_of([](double share) {
    const double loss = kLogK * std::max(0.0, 1 - 5 * share);
    return HealthSample{0, loss, loss, 0, loss};
  });
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("one prototype"), std::string::npos);
  EXPECT_NE(warnings[0].find("centre"), std::string::npos);
}

TEST(HealthWatch, NamesALossThatDoesNotMove) {
  // A sharp teacher, so no collapse to uniform, but a loss at chance.
  const auto warnings = warnings_of([](double share) {
    const double loss = kLogK + 0.01 * std::sin(50 * share);
    return HealthSample{0, loss, 0.7 * kLogK, 0.3 * kLogK, 0.9 * kLogK};
  });
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("has not moved from chance"), std::string::npos);
  EXPECT_NE(warnings[0].find("out_dim"), std::string::npos);
}

TEST(HealthWatch, NamesALossThatSwings) {
  const auto warnings = warnings_of([](double share) {
    const double loss = kLogK * (0.7 + 0.4 * std::sin(60 * share));
    return HealthSample{0, loss, 0.5 * loss, 0.5 * loss, 0.9 * kLogK};
  });
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("the loss swings"), std::string::npos);
  EXPECT_NE(warnings[0].find("learning rate"), std::string::npos);
}

TEST(HealthWatch, JudgesNothingInTheFirstSteps) {
  HealthWatch watch(kPrototypes, 200);
  for (int64_t step = 1; step < 200; ++step) {
    EXPECT_EQ(watch.add({step, kLogK, kLogK, 0, kLogK}), "") << step;
  }
  EXPECT_NE(watch.add({200, kLogK, kLogK, 0, kLogK}), "");
}

}  // namespace
}  // namespace nadir::train
