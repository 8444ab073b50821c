#include "eval/metrics.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"

namespace nadir::eval {
namespace {

ScoredLabels random_scores(int64_t num_images, int64_t num_classes) {
  RandomStream random(7, StreamPurpose::kTest);
  ScoredLabels scored{num_images, num_classes, {}, {}};
  for (int64_t i = 0; i < num_images * num_classes; ++i) {
    const bool label = random.uniform() < 0.3;
    scored.labels.push_back(label ? 1 : 0);
    // Rounded, so that there are ties.
    scored.scores.push_back(
        std::round(20 * (random.uniform() + (label ? 0.2 : 0))) / 20);
  }
  return scored;
}

TEST(AveragePrecision, IsOneForAPerfectOrder) {
  const std::vector<uint8_t> labels = {0, 1, 0, 1};
  const std::vector<double> scores = {0.1, 0.8, 0.2, 0.9};
  EXPECT_EQ(average_precision(labels, scores), 1.0);
}

TEST(AveragePrecision, EqualsTheHandComputedSum) {
  // Order 1, 0, 1, 0: 1/2 * 1 + 1/2 * 2/3.
  const std::vector<uint8_t> labels = {1, 0, 1, 0};
  const std::vector<double> scores = {4, 3, 2, 1};
  EXPECT_DOUBLE_EQ(average_precision(labels, scores).value(), 5.0 / 6);
}

TEST(AveragePrecision, TakesEqualScoresTogether) {
  // All tied: the share of positives, whatever their order.
  const std::vector<double> scores = {1, 1, 1, 1};
  for (const auto& labels :
       {std::vector<uint8_t>{1, 0, 0, 0}, std::vector<uint8_t>{0, 0, 0, 1}}) {
    EXPECT_DOUBLE_EQ(average_precision(labels, scores).value(), 0.25);
  }
  // A tie in the middle: 1/3 * 1 + 2/3 * 3/4.
  const std::vector<uint8_t> labels = {1, 1, 0, 1, 0};
  const std::vector<double> tied = {3, 2, 2, 2, 1};
  EXPECT_DOUBLE_EQ(
      average_precision(labels, tied).value(), 1.0 / 3 + 2.0 / 3 * 0.75);
}

TEST(AveragePrecision, IsNothingWithoutPositives) {
  const std::vector<uint8_t> labels = {0, 0};
  const std::vector<double> scores = {0.5, 0.1};
  EXPECT_FALSE(average_precision(labels, scores).has_value());
}

TEST(AveragePrecision, LeavesClassesWithoutPositivesOutOfMacro) {
  const ScoredLabels scored{
      2, 3, {0.9, 0.1, 0.3, 0.2, 0.8, 0.7}, {1, 0, 0, 0, 0, 1}};
  const auto result = score_average_precision(scored);
  EXPECT_EQ(result.per_class[0], 1.0);
  EXPECT_FALSE(result.per_class[1].has_value());
  EXPECT_EQ(result.per_class[2], 1.0);
  EXPECT_EQ(result.macro, 1.0);
  EXPECT_EQ(result.num_positives, (std::vector<int64_t>{1, 0, 1}));
  // Flat order 0.9+ 0.8- 0.7+: 1/2 + 1/2 * 2/3.
  EXPECT_DOUBLE_EQ(result.micro.value(), 5.0 / 6);
}

TEST(AveragePrecision, RefusesNanScores) {
  const std::vector<uint8_t> labels = {1, 0};
  const std::vector<double> scores = {NAN, 0};
  EXPECT_THROW((void)average_precision(labels, scores), Error);
}

TEST(AveragePrecision, RefusesUnequalLengths) {
  const std::vector<uint8_t> labels = {1, 0, 1};
  const std::vector<double> scores = {1, 0};
  EXPECT_THROW((void)average_precision(labels, scores), Error);
}

TEST(Bootstrap, IntervalHoldsTheScoreAndRepeatsWithItsSeed) {
  const auto scored = random_scores(300, 4);
  const auto exact = score_average_precision(scored);
  const auto one = bootstrap_average_precision(scored, 200, 0.95, 3);
  EXPECT_LT(one.macro->low, exact.macro.value());
  EXPECT_GT(one.macro->high, exact.macro.value());
  EXPECT_LT(one.micro->low, exact.micro.value());
  EXPECT_GT(one.micro->high, exact.micro.value());
  EXPECT_LT(one.macro->high - one.macro->low, 0.2);
  const auto two = bootstrap_average_precision(scored, 200, 0.95, 3);
  EXPECT_EQ(one.macro->low, two.macro->low);
  const auto other = bootstrap_average_precision(scored, 200, 0.95, 4);
  EXPECT_NE(one.macro->low, other.macro->low);
}

TEST(Bootstrap, ShrinksWithTheSquareRootOfTheImages) {
  const auto width = [](int64_t num_images) {
    const auto interval =
        bootstrap_average_precision(random_scores(num_images, 2), 300, 0.95, 0);
    return interval.macro->high - interval.macro->low;
  };
  EXPECT_NEAR(width(200) / width(3200), 4, 1.2);
}

TEST(Bootstrap, IsNothingWithoutResamples) {
  const auto interval =
      bootstrap_average_precision(random_scores(10, 2), 0, 0.95, 0);
  EXPECT_FALSE(interval.macro.has_value());
}

TEST(Accuracy, CountsTheTrueClassAmongTheBestK) {
  const ScoredLabels scored{
      3,
      3,
      {0.5, 0.3, 0.2, 0.1, 0.2, 0.7, 0.4, 0.4, 0.2},
      {1, 0, 0, 1, 0, 0, 0, 1, 0}};
  EXPECT_DOUBLE_EQ(top_k_accuracy(scored, 1), 1.0 / 3);  // the tie is lost
  EXPECT_DOUBLE_EQ(top_k_accuracy(scored, 2), 2.0 / 3);
  EXPECT_DOUBLE_EQ(top_k_accuracy(scored, 3), 1.0);
}

TEST(Accuracy, RefusesSeveralLabelsAnImage) {
  const ScoredLabels scored{1, 2, {0.5, 0.3}, {1, 1}};
  EXPECT_THROW((void)top_k_accuracy(scored, 1), Error);
}

TEST(Thresholds, MaximiseF1OverEveryCut) {
  const auto scored = random_scores(100, 3);
  const auto thresholds = best_f1_thresholds(scored);
  const auto best = score_at_thresholds(scored, thresholds);
  for (int step = 0; step <= 26; ++step) {
    const std::vector<double> cut(3, step / 20.0 - 0.025);
    const auto other = score_at_thresholds(scored, cut);
    for (int c = 0; c < 3; ++c) {
      EXPECT_LE(other.per_class[c].f1(), best.per_class[c].f1() + 1e-12);
    }
  }
}

TEST(Thresholds, LieBetweenScoresAndKeepNeutralWithoutPositives) {
  const ScoredLabels scored{
      3, 2, {0.9, 0.2, 0.5, 0.3, 0.1, 0.4}, {1, 0, 1, 0, 0, 0}};
  const auto thresholds = best_f1_thresholds(scored);
  EXPECT_DOUBLE_EQ(thresholds[0], 0.3);
  EXPECT_DOUBLE_EQ(thresholds[1], 0.5);
  const auto result = score_at_thresholds(scored, thresholds);
  EXPECT_EQ(result.per_class[0].f1(), 1.0);
  EXPECT_EQ(result.per_class[1].f1(), 0.0);
  EXPECT_EQ(result.f1_macro, 1.0);
  EXPECT_EQ(result.f1_micro, 1.0);
}

TEST(Thresholds, F1MicroPoolsTheCounts) {
  // Class 0: tp 1, fp 1; class 1: tp 1, fn 1: micro 2*2 / (2*2 + 1 + 1).
  const ScoredLabels scored{2, 2, {1, 1, 1, 0}, {1, 1, 0, 1}};
  const auto result =
      score_at_thresholds(scored, std::vector<double>{0.5, 0.5});
  EXPECT_DOUBLE_EQ(result.f1_micro, 4.0 / 6);
  EXPECT_DOUBLE_EQ(result.f1_macro, 2.0 / 3);
  EXPECT_DOUBLE_EQ(result.per_class[0].precision(), 0.5);
  EXPECT_DOUBLE_EQ(result.per_class[1].recall(), 0.5);
}

TEST(PrecisionRecallCurve, HoldsThePointsThatReachEachRecall) {
  const std::vector<uint8_t> labels = {1, 0, 1, 1, 0, 1};
  const std::vector<double> scores = {0.9, 0.8, 0.7, 0.7, 0.6, 0.1};
  const auto all = precision_recall_curve(labels, scores, 4);
  EXPECT_EQ(all.recall, (std::vector<double>{0.25, 0.75, 1}));  // ties enter
  EXPECT_EQ(all.precision, (std::vector<double>{1, 0.75, 4.0 / 6}));
  const auto half = precision_recall_curve(labels, scores, 2);
  EXPECT_EQ(half.recall, (std::vector<double>{0.75, 1}));
  EXPECT_TRUE(precision_recall_curve(
                  std::vector<uint8_t>{0, 0}, std::vector<double>{1, 2}, 5)
                  .recall.empty());
  EXPECT_THROW((void)precision_recall_curve(labels, {}, 5), Error);
}

// With a point for each positive the curve's sum is the average precision.
TEST(PrecisionRecallCurve, SumsToAveragePrecision) {
  RandomStream random(1, StreamPurpose::kTest);
  std::vector<uint8_t> labels(200);
  std::vector<double> scores(200);
  for (size_t i = 0; i < labels.size(); ++i) {
    labels[i] = random.uniform() < 0.3 ? 1 : 0;
    scores[i] = std::round(20 * (random.uniform() + 0.3 * labels[i]));
  }
  const auto curve = precision_recall_curve(labels, scores, 200);
  double sum = 0;
  double last = 0;
  for (size_t i = 0; i < curve.recall.size(); ++i) {
    sum += (curve.recall[i] - last) * curve.precision[i];
    last = curve.recall[i];
  }
  EXPECT_NEAR(sum, *average_precision(labels, scores), 1e-12);
  EXPECT_EQ(last, 1);
}

TEST(CoOccurrences, CountImagesOfAClassThatWereGivenAnother) {
  const ScoredLabels scored = {
      3, 2, {0.9, 0.1, 0.8, 0.7, 0.2, 0.6}, {1, 0, 1, 1, 0, 1}};
  const std::vector<double> thresholds = {0.5, 0.5};
  EXPECT_EQ(
      count_co_occurrences(scored, thresholds),
      (std::vector<int64_t>{2, 1, 1, 2}));
  EXPECT_THROW(
      (void)count_co_occurrences(scored, std::vector<double>{0.5}), Error);
}

}  // namespace
}  // namespace nadir::eval
