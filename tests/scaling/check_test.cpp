// Predictions for processes of one machine, from a machine made up.
#include "scaling/check.h"

#include <gtest/gtest.h>

namespace nadir::scaling {
namespace {

// Two processors; 1 s of backward by one thread, 0.6 s by two; sums that cost
// 1 s a gigabyte and keep one processor busy.
Machine machine_of(double crowding) {
  Machine machine;
  machine.num_processors = 2;
  for (const int64_t threads : {1, 2}) {
    MeasuredSteps steps;
    const double s = threads == 1 ? 1 : 0.6;
    steps.step_s = {s, s, s};
    steps.timeline.backward_s = s;
    steps.timeline.buckets = {{2e8, s, 0, 0}};
    steps.num_copies = threads == 1 ? 2 : 1;
    steps.crowding = threads == 1 ? crowding : 1;
    machine.steps[threads] = steps;
  }
  for (const int64_t processes : {2, 4}) {
    machine.sums[processes] = {{1e6, 1e-3, 1e-3}, {1e8, 1e-1, 1e-1}};
  }
  return machine;
}

TEST(PredictStepHere, OneProcessSumsNothing) {
  EXPECT_NEAR(predict_step_here(machine_of(1), 1).step_s, 0.6, 1e-9);
}

TEST(PredictStepHere, TwoProcessesOfOneThreadEachAddTheirSum) {
  EXPECT_NEAR(predict_step_here(machine_of(1), 2).step_s, 1 + 0.2, 1e-6);
}

TEST(PredictStepHere, FourProcessesShareTwoProcessors) {
  EXPECT_NEAR(predict_step_here(machine_of(1), 4).step_s, 2 + 0.2, 1e-6);
}

TEST(PredictStepHere, SideBySideIsAsSlowAsMeasured) {
  EXPECT_NEAR(predict_step_here(machine_of(1.25), 2).step_s, 1.45, 1e-6);
}

TEST(CheckPredictions, SeeAnErrorOfEitherSign) {
  auto machine = machine_of(1);
  machine.joined_s = {{2, {1.2, 1.2, 9}}, {4, {1.1}}};
  const auto rows = check_predictions(machine);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].num_processes, 2);
  EXPECT_EQ(rows[0].num_threads, 1);
  EXPECT_NEAR(rows[0].error, 0, 1e-6);
  EXPECT_NEAR(rows[1].error, 1, 1e-6);
}

TEST(ThreadsOf, DivideTheProcessorsAndAreAtLeastOne) {
  EXPECT_EQ(threads_of(2, 1), 2);
  EXPECT_EQ(threads_of(2, 4), 1);
  EXPECT_EQ(threads_of(16, 4), 4);
  EXPECT_EQ(threads_of(7, 2), 3);
}

}  // namespace
}  // namespace nadir::scaling
