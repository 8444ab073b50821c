#include "report/verdict.h"

#include <cmath>

#include <gtest/gtest.h>

namespace nadir::report {
namespace {

constexpr double kLogK = 8.317766;  // ln 4096

// A run of 200 records whose curves end where the test says.
struct Ends {
  double loss = 4;
  double entropy = 3;
  double kl = 1;
  double batch_entropy = 7;
};

Run run_with(const Ends& ends) {
  report::Run run;
  run.config["head.out_dim"] = "4096";
  for (int step = 1; step <= 200; ++step) {
    const double done = step / 200.0;
    const auto towards = [&](double end) {
      return kLogK + (end - kLogK) * std::min(1.0, 2 * done);
    };
    run.by_step["loss"].add(step, towards(ends.loss));
    run.by_step["teacher_entropy"].add(step, towards(ends.entropy));
    run.by_step["kl"].add(step, ends.kl);
    run.by_step["batch_entropy"].add(step, ends.batch_entropy);
  }
  return run;
}

TEST(Verdict, AnEntropyBetweenTheEndsIsHealthy) {
  const Verdict verdict = judge(run_with({}));
  EXPECT_EQ(verdict.health, Health::kHealthy) << verdict.text;
  EXPECT_NE(verdict.text.find("36 % of ln K = 8.32"), std::string::npos)
      << verdict.text;
}

TEST(Verdict, EntropyAtLnKWithoutKlIsACollapseToUniform) {
  const Verdict verdict =
      judge(run_with({kLogK, kLogK * 0.999, 0.0001, kLogK}));
  EXPECT_EQ(verdict.health, Health::kFailing);
  EXPECT_EQ(verdict.headline, "Collapsed to uniform");
}

TEST(Verdict, NearUniformInTheFirstStepsIsOnlyWorthWatching) {
  report::Run run = run_with({kLogK, kLogK * 0.999, 0.0001, kLogK});
  run.status = runs::RunStatus{};
  run.status->step = 200;
  run.status->total_steps = 100000;
  EXPECT_EQ(judge(run).health, Health::kWatch);
}

TEST(Verdict, NoEntropyInOutputAndBatchIsACollapseToOnePrototype) {
  const Verdict verdict = judge(run_with({0.01, 0.01, 0.0, 0.01}));
  EXPECT_EQ(verdict.health, Health::kFailing);
  EXPECT_EQ(verdict.headline, "Collapsed to one prototype");
}

TEST(Verdict, SharpOutputsOverManyPrototypesAreNoCollapse) {
  EXPECT_EQ(judge(run_with({2, 0.05, 1, 7})).health, Health::kHealthy);
}

TEST(Verdict, ALossThatDoesNotMoveIsNamed) {
  const Verdict verdict = judge(run_with({kLogK, 4, 1, 7}));
  EXPECT_EQ(verdict.health, Health::kFailing);
  EXPECT_EQ(verdict.headline, "The loss does not move");
}

// A run that began below ln K and rose to it was once called healthy.
TEST(Verdict, ALossThatRisesToLnKIsNamed) {
  report::Run run;
  run.config["head.out_dim"] = "4096";
  for (int step = 1; step <= 24; ++step) {
    run.by_step["loss"].add(step, 0.9 * kLogK + 0.1 * kLogK * step / 24);
    run.by_step["teacher_entropy"].add(step, 0.97 * kLogK);
    run.by_step["kl"].add(step, 0.3);
  }
  const Verdict verdict = judge(run);
  EXPECT_EQ(verdict.health, Health::kFailing);
  EXPECT_NE(verdict.headline.find("risen to ln K"), std::string::npos);
}

// A run of a few epochs whose loss had risen was once called healthy.
TEST(Verdict, ALossThatRisesIsWorthWatching) {
  report::Run run = run_with({});
  run.by_step["loss"] = {};
  for (int step = 1; step <= 200; ++step) {
    run.by_step["loss"].add(step, 3 + 0.005 * step);
  }
  const Verdict verdict = judge(run);
  EXPECT_EQ(verdict.health, Health::kWatch);
  EXPECT_EQ(verdict.headline, "The loss has risen");
}

TEST(Verdict, ALossThatIsNoNumberIsNamed) {
  report::Run run = run_with({});
  run.by_step["loss"].add(201, std::nan(""));
  EXPECT_EQ(judge(run).headline, "The loss is not a number");
  report::Run only_nan;
  only_nan.by_step["loss"].add(1, std::nan(""));
  EXPECT_EQ(judge(only_nan).headline, "The loss is not a number");
}

TEST(Verdict, AFallenScoreNamesItsBestEpoch) {
  report::Run run = run_with({});
  run.by_epoch["knn_top1"].add(10, 0.7);
  run.by_epoch["knn_top1"].add(20, 0.6);
  const Verdict verdict = judge(run);
  EXPECT_EQ(verdict.headline, "Past its best");
  EXPECT_NE(verdict.text.find("best 70.0 % at epoch 10"), std::string::npos)
      << verdict.text;
}

TEST(Verdict, ClaimsNothingWithoutNumbers) {
  EXPECT_EQ(judge(report::Run{}).health, Health::kUnknown);
  report::Run run;
  run.by_step["loss"].add(1, 3);
  EXPECT_EQ(judge(run).health, Health::kUnknown);
}

}  // namespace
}  // namespace nadir::report
