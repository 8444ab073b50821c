// A signal ends an evaluation within a piece of work, whatever it is at. One
// outlived SIGTERM by 95 seconds: probes were trained to their last epoch.
#include <csignal>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/signals.h"
#include "eval/features.h"
#include "eval/knn.h"
#include "eval/linear_probe.h"
#include "eval/tiny_network.h"

namespace nadir::eval {
namespace {

class StopTest : public testing::Test {
 protected:
  StopTest() { catch_signals(); }

  ~StopTest() override {
    forget_signal();
    std::signal(SIGTERM, SIG_DFL);
  }
};

ViewRecipe stop_views(const FrozenNetwork& frozen, int64_t num_random_views) {
  return {*frozen.normalization, 18, 16, num_random_views, 0};
}

ProbeData two_classes(int64_t num_images) {
  ProbeData data;
  data.features_NF = at::rand({num_images, 4});
  data.labels = {num_images, 2, std::vector<uint8_t>(num_images * 2)};
  for (int64_t n = 0; n < num_images; ++n) {
    data.labels.values[n * 2 + n % 2] = 1;
  }
  return data;
}

LinearProbeConfig endless_probe() {
  LinearProbeConfig config;
  config.epochs = 1'000'000'000;
  config.lr = {0.1, 1};
  return config;
}

TEST_F(StopTest, EndsExtractionAfterTheBatchInHand) {
  const auto frozen = tiny_network();
  const auto splits = fake_splits(true);
  int num_calls = 0;
  const auto raise_at_the_second = [&](const at::Tensor& batch) {
    if (++num_calls == 2) {
      std::raise(SIGTERM);
    }
    return batch.flatten(1);
  };
  EXPECT_THROW(
      (void)extract_features(
          splits.train,
          stop_views(frozen, 0),
          {raise_at_the_second},
          4,
          1,
          "t"),
      Stopped);
  EXPECT_EQ(num_calls, 2);
}

TEST_F(StopTest, EndsExtractionInTheMidstOfABatch) {
  const auto frozen = tiny_network();
  const auto splits = fake_splits(true);
  const auto layout = layout_of(*frozen.network, 1);
  int num_blocks = 0;
  const auto extractor =
      network_extractor(*frozen.network, layout, at::kCPU, [&] {
        if (++num_blocks == 2) {
          std::raise(SIGTERM);
        }
        stop_extracting_if_told();
      });
  // One batch holds all images, and has many views.
  EXPECT_THROW(
      (void)extract_features(
          splits.test, stop_views(frozen, 50), extractor, 20, 1, "t"),
      Stopped);
  EXPECT_EQ(num_blocks, 2);
}

TEST_F(StopTest, EndsTheLookAtTheFilesBehindTheImages) {
  const auto frozen = tiny_network();
  const auto splits = fake_splits(true);
  std::raise(SIGTERM);
  EXPECT_THROW((void)views_key(splits.test, stop_views(frozen, 0)), Stopped);
}

TEST_F(StopTest, EndsTheTrainingOfProbes) {
  std::raise(SIGTERM);
  EXPECT_THROW(
      (void)train_linear_heads(
          two_classes(64),
          {"a", "b"},
          Task::kMultiLabel,
          {{"all", 0, 4}},
          endless_probe()),
      Stopped);
}

TEST_F(StopTest, EndsTheChoiceOfAHeadAndItsIntervals) {
  const auto data = two_classes(64);
  auto config = endless_probe();
  config.epochs = 1;
  const auto heads = train_linear_heads(
      data, {"a", "b"}, Task::kMultiLabel, {{"all", 0, 4}}, config);
  const auto scored =
      score_head(heads[0], data.features_NF, data.labels, Task::kMultiLabel);
  std::raise(SIGTERM);
  EXPECT_THROW(
      (void)select_head(
          heads, data.features_NF, data.labels, Task::kMultiLabel),
      Stopped);
  EXPECT_THROW(
      (void)bootstrap_average_precision(scored, 100'000, 0.95, 0), Stopped);
  EXPECT_THROW((void)bootstrap_accuracy(scored, 100'000, 0.95, 0), Stopped);
}

// While a network trains, its k-NN score is made to the end: the trainer stops
// at a step.
TEST_F(StopTest, EndsVotesOnlyWhereItIsAskedTo) {
  const auto data = two_classes(64);
  std::raise(SIGTERM);
  const auto votes = [&](const std::function<void()>& before_block) {
    return knn_votes(
        data.features_NF,
        data.labels,
        data.features_NF,
        data.labels,
        {},
        distributed::Communicator(),
        before_block);
  };
  EXPECT_FALSE(votes({}).empty());
  EXPECT_THROW((void)votes([] { stop_if_told("votes"); }), Stopped);
}

}  // namespace
}  // namespace nadir::eval
