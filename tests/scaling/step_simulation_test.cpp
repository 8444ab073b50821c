#include "scaling/step_simulation.h"

#include <gtest/gtest.h>

namespace nadir::scaling {
namespace {

// 1 s forward, 2 s backward, 0.5 s update.
StepTimeline timeline_of(const std::vector<BucketTime>& buckets) {
  StepTimeline timeline;
  timeline.forward_s = 1;
  timeline.backward_s = 2;
  timeline.update_s = 0.5;
  timeline.buckets = buckets;
  return timeline;
}

// A byte takes a second.
StepPlace place_of(double processors_of_a_sum = 0) {
  StepPlace place;
  place.sum = [=](double num_bytes) {
    return SumTime{num_bytes, num_bytes * processors_of_a_sum};
  };
  return place;
}

TEST(SimulateStep, WithoutSumsIsCompute) {
  const auto step = simulate_step(timeline_of({}), place_of());
  EXPECT_DOUBLE_EQ(step.step_s, 3.5);
  EXPECT_EQ(step.exposed_s, 0);
}

TEST(SimulateStep, ABucketAtTheEndOfBackwardIsWaitedForInFull) {
  const auto step = simulate_step(timeline_of({{4, 2}}), place_of());
  EXPECT_DOUBLE_EQ(step.step_s, 3.5 + 4);
  EXPECT_DOUBLE_EQ(step.exposed_s, 4);
}

TEST(SimulateStep, BackwardHidesWhatIsReadyEarly) {
  // Ready at 0.5, summed until 1.5 of 2.
  EXPECT_DOUBLE_EQ(
      simulate_step(timeline_of({{1, 0.5}}), place_of()).exposed_s, 0);
  // Until 2.5.
  EXPECT_DOUBLE_EQ(
      simulate_step(timeline_of({{2, 0.5}}), place_of()).exposed_s, 0.5);
}

TEST(SimulateStep, SumsGoOneAfterTheOther) {
  // 0.5 to 1.75, then to 2.5 though ready at 1, then 2.5 to 2.75.
  const auto step = simulate_step(
      timeline_of({{1.25, 0.5}, {0.75, 1}, {0.25, 2}}), place_of());
  EXPECT_NEAR(step.exposed_s, 0.75, 1e-12);
  // A network that waits for the last bucket: 1 to 1.5, then 2 to 3.
  EXPECT_NEAR(
      simulate_step(timeline_of({{0.5, 1}, {1, 2}}), place_of()).exposed_s,
      1,
      1e-12);
}

TEST(SimulateStep, CopiesAndLateSumsAreNotHidden) {
  auto timeline = timeline_of({{1, 0.5, 0.1, 0.2}});
  timeline.late_sums_bytes = {0.25, 0.125};
  const auto step = simulate_step(timeline, place_of());
  EXPECT_NEAR(step.step_s, 3.5 + 0.3 + 0.375, 1e-12);
  EXPECT_NEAR(step.exposed_s, 0.375, 1e-12);
}

TEST(SimulateStep, TheSlowestProcessDelaysAllButTheUpdate) {
  auto place = place_of();
  place.slowest_factor = 1.1;
  const auto step = simulate_step(timeline_of({{1, 2}}), place);
  EXPECT_NEAR(step.step_s, 3.3 + 1 + 0.5, 1e-12);
  EXPECT_NEAR(step.straggler_s, 0.3, 1e-12);
}

TEST(SimulateStep, FourProcessesOnTwoProcessorsTakeTwiceAsLong) {
  auto place = place_of();
  place.num_processors = 2;
  place.compute_processors = 4;
  const auto step = simulate_step(timeline_of({}), place);
  EXPECT_NEAR(step.step_s, 7, 1e-12);
  EXPECT_NEAR(step.crowded_s, 3.5, 1e-12);
}

TEST(SimulateStep, WhatASumComputesIsTakenFromComputeBesideIt) {
  // Two processors, both busy with backward; a sum of 1 s that keeps one busy.
  // Side by side both run at 2/3: it is over 1.5 s later, in which compute did
  // 1 s.
  auto place = place_of(1);
  place.num_processors = 2;
  place.compute_processors = 2;
  const auto step = simulate_step(timeline_of({{1, 0.5}}), place);
  EXPECT_NEAR(step.crowded_s, 0.5, 1e-12);
  EXPECT_EQ(step.exposed_s, 0);
  EXPECT_NEAR(step.step_s, 4, 1e-12);
  // The processors' time is neither made nor lost.
  EXPECT_NEAR(2 * step.step_s, 2 * 3.5 + 1, 1e-12);
}

TEST(SimulateStep, ASumOfNothingIsFree) {
  const auto step = simulate_step(timeline_of({{0, 0}, {0, 2}}), place_of());
  EXPECT_DOUBLE_EQ(step.step_s, 3.5);
}

TEST(Stretched, MovesAllButTheBytes) {
  const auto twice = stretched(timeline_of({{7, 2, 0.1, 0.2}}), 2);
  EXPECT_DOUBLE_EQ(twice.compute_s(), 7);
  EXPECT_DOUBLE_EQ(twice.buckets[0].ready_s, 4);
  EXPECT_DOUBLE_EQ(twice.buckets[0].pack_s, 0.2);
  EXPECT_DOUBLE_EQ(twice.buckets[0].unpack_s, 0.4);
  EXPECT_EQ(twice.buckets[0].num_bytes, 7);
}

}  // namespace
}  // namespace nadir::scaling
