#include "eval/splits.h"

#include <set>

#include <gtest/gtest.h>

#include "core/error.h"
#include "data/catalog.h"
#include "eval/fake_dataset.h"

namespace nadir::eval {
namespace {

std::set<std::string> names_of(const ImageSet& set) {
  std::set<std::string> names;
  for (const int64_t index : set.indices) {
    names.insert(set.dataset->name(index));
  }
  return names;
}

TEST(Splits, FollowTheDatasOwn) {
  const auto data = std::make_shared<FakeDataset>(40, true, true);
  const auto splits = make_splits({}, data, nullptr, nullptr, true);
  EXPECT_EQ(splits.task, Task::kMultiLabel);
  EXPECT_EQ(splits.train.size(), 20);
  EXPECT_EQ(splits.validation.size(), 10);
  EXPECT_EQ(splits.test.size(), 10);
  EXPECT_EQ(splits.test.labels.row(1)[0], data->labels(4)[0]);
  EXPECT_NE(splits.selected_on.find("'validation'"), std::string::npos);
}

TEST(Splits, SetImagesAsideByNameWhereThereAreNone) {
  const auto data = std::make_shared<FakeDataset>(1000, false, false);
  const auto splits = make_splits({}, data, nullptr, nullptr, true);
  EXPECT_NEAR(static_cast<double>(splits.test.size()), 200, 40);
  EXPECT_NEAR(static_cast<double>(splits.validation.size()), 80, 30);
  EXPECT_EQ(
      splits.train.size() + splits.validation.size() + splits.test.size(),
      1000);
  // More images move none of the old ones.
  const auto more = make_splits(
      {},
      std::make_shared<FakeDataset>(1500, false, false),
      nullptr,
      nullptr,
      true);
  const auto test = names_of(splits.test);
  const auto more_test = names_of(more.test);
  for (const auto& name : test) {
    EXPECT_TRUE(more_test.contains(name));
  }
  for (const auto& name : names_of(splits.train)) {
    EXPECT_FALSE(more_test.contains(name));
  }
}

TEST(Splits, OfDataWithoutAnyAreThoseThatTrainingTakes) {
  const auto data = std::make_shared<FakeDataset>(500, false, false);
  const auto splits = make_splits({}, data, nullptr, nullptr, true);
  for (const auto& name : names_of(splits.train)) {
    EXPECT_EQ(data::split_by_name(name), data::Split::kTrain);
  }
  for (const auto& name : names_of(splits.validation)) {
    EXPECT_EQ(data::split_by_name(name), data::Split::kValidation);
  }
  for (const auto& name : names_of(splits.test)) {
    EXPECT_EQ(data::split_by_name(name), data::Split::kTest);
  }
}

TEST(Splits, MatchLabelsOfOtherDataByName) {
  const auto data = std::make_shared<FakeDataset>(40, false, false);
  const auto other = std::make_shared<FakeDataset>(10, false, false);
  other->description_ = "other images";
  other->classes_ = {"blue", "red", "green"};
  const auto splits = make_splits({}, data, nullptr, other, false);
  EXPECT_EQ(splits.train.size(), 40);
  for (int64_t n = 0; n < 10; ++n) {
    EXPECT_EQ(splits.test.labels.row(n)[0], other->labels(n)[1]);
    EXPECT_EQ(splits.test.labels.row(n)[2], other->labels(n)[0]);
  }
  other->classes_ = {"blue", "red", "teal"};
  EXPECT_THROW((void)make_splits({}, data, nullptr, other, false), Error);
}

// An empty --train-split once trained on the test images too.
TEST(Splits, RefuseImagesOnTwoSides) {
  const auto data = std::make_shared<FakeDataset>(40, true, true);
  SplitConfig all;
  all.train_split = "";
  EXPECT_THROW((void)make_splits(all, data, nullptr, nullptr, false), Error);
  SplitConfig selects_on_test;
  selects_on_test.val_split = "test";
  EXPECT_THROW(
      (void)make_splits(selects_on_test, data, nullptr, nullptr, true), Error);
  const auto plain = std::make_shared<FakeDataset>(40, true, false);
  EXPECT_THROW((void)make_splits({}, plain, nullptr, plain, false), Error);
}

TEST(Splits, LimitImagesEvenly) {
  const auto data = std::make_shared<FakeDataset>(40, true, true);
  SplitConfig config;
  config.max_test = 5;
  const auto splits = make_splits(config, data, nullptr, nullptr, false);
  EXPECT_EQ(splits.test.indices, (std::vector<int64_t>{0, 8, 16, 24, 32}));
}

TEST(Splits, NameTheSplitsThereAreWhenOneIsUnknown) {
  const auto data = std::make_shared<FakeDataset>(40, true, true);
  SplitConfig config;
  config.test_split = "tset";
  try {
    (void)make_splits(config, data, nullptr, nullptr, false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(
        std::string(error.what()).find("test (10 images)"), std::string::npos);
  }
}

}  // namespace
}  // namespace nadir::eval
