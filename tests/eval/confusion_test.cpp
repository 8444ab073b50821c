#include "eval/confusion.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"

namespace nadir::eval {
namespace {

constexpr uint8_t kOut = kIgnoredPixel;

Confusion example() {
  const std::vector<uint8_t> truth = {0, 0, 0, 0, 1, 1, 2, kOut};
  const std::vector<uint8_t> predicted = {0, 0, 1, 2, 1, 0, 1, 2};
  Confusion confusion(4);
  confusion.add(truth, predicted);
  return confusion;
}

TEST(Confusion, CountsPixelsByTruthAndPrediction) {
  const auto confusion = example();
  EXPECT_EQ(confusion.at(0, 0), 2);
  EXPECT_EQ(confusion.at(0, 1), 1);
  EXPECT_EQ(confusion.at(0, 2), 1);
  EXPECT_EQ(confusion.at(2, 1), 1);
  EXPECT_EQ(confusion.support(0), 4);
  EXPECT_EQ(confusion.num_predicted(1), 3);
  EXPECT_EQ(confusion.total(), 7);  // the ignored pixel is not judged
}

TEST(Confusion, HasIntersectionOverUnionOfEachClassThatOccurs) {
  const auto confusion = example();
  EXPECT_DOUBLE_EQ(*confusion.iou(0), 2.0 / 5);
  EXPECT_DOUBLE_EQ(*confusion.iou(1), 1.0 / 4);
  EXPECT_DOUBLE_EQ(*confusion.iou(2), 0);
  EXPECT_FALSE(confusion.iou(3).has_value());
  EXPECT_DOUBLE_EQ(*confusion.mean_iou(), (0.4 + 0.25 + 0) / 3);
  EXPECT_DOUBLE_EQ(*confusion.accuracy(), 3.0 / 7);
  EXPECT_DOUBLE_EQ(confusion.precision(1), 1.0 / 3);
  EXPECT_DOUBLE_EQ(confusion.recall(1), 1.0 / 2);
  EXPECT_DOUBLE_EQ(confusion.precision(3), 0);
}

TEST(Confusion, OfNoPixelHasNoScores) {
  const Confusion empty(3);
  EXPECT_FALSE(empty.mean_iou().has_value());
  EXPECT_FALSE(empty.accuracy().has_value());
}

TEST(Confusion, SumsOverImagesAsIfTheyWereOne) {
  const std::vector<Confusion> images = {example(), example()};
  const auto sum = sum_of(images);
  EXPECT_EQ(sum.at(0, 0), 4);
  EXPECT_DOUBLE_EQ(*sum.mean_iou(), *example().mean_iou());
}

TEST(Confusion, RefusesWhatDoesNotFit) {
  Confusion confusion(2);
  const std::vector<uint8_t> two = {0, 1};
  EXPECT_THROW(confusion.add(two, std::vector<uint8_t>{0}), Error);
  EXPECT_THROW(confusion.add(two, std::vector<uint8_t>{0, 2}), Error);
  EXPECT_THROW(confusion.add(std::vector<uint8_t>{0, 7}, two), Error);
}

// Twenty images of one pixel, 15 of them right: accuracy's interval is that of
// a binomial share, 0.75 +- 1.96 sqrt(0.75 0.25 / 20) = 0.56 .. 0.94, on the
// lattice of twentieths.
TEST(BootstrapConfusion, HoldsTheBinomialInterval) {
  std::vector<Confusion> images;
  for (int i = 0; i < 20; ++i) {
    images.emplace_back(2);
    images.back().add(
        std::vector<uint8_t>{0},
        std::vector<uint8_t>{static_cast<uint8_t>(i < 15 ? 0 : 1)});
  }
  const auto intervals = bootstrap_confusion(images, 2000, 0.95, 1);
  ASSERT_TRUE(intervals.accuracy.has_value());
  EXPECT_NEAR(intervals.accuracy->low, 0.55, 0.051);
  EXPECT_NEAR(intervals.accuracy->high, 0.95, 0.051);
  EXPECT_DOUBLE_EQ(intervals.mean_iou->low, intervals.accuracy->low);
  EXPECT_FALSE(bootstrap_confusion(images, 0, 0.95, 1).accuracy.has_value());
}

TEST(BootstrapConfusion, OfEqualImagesIsAPoint) {
  const std::vector<Confusion> images(7, example());
  const auto intervals = bootstrap_confusion(images, 50, 0.95, 3);
  EXPECT_DOUBLE_EQ(intervals.mean_iou->low, *example().mean_iou());
  EXPECT_DOUBLE_EQ(intervals.mean_iou->high, *example().mean_iou());
}

}  // namespace
}  // namespace nadir::eval
