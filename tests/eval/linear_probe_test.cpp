#include "eval/linear_probe.h"

#include <cmath>
#include <numbers>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"

namespace nadir::eval {
namespace {

// Class c of three pulls feature c up by 3.
ProbeData separable_data(int64_t num_images) {
  RandomStream random(11, StreamPurpose::kTest);
  ProbeData data;
  data.features_NF = at::empty({num_images, 6});
  data.labels = {num_images, 3, std::vector<uint8_t>(num_images * 3)};
  float* values = data.features_NF.data_ptr<float>();
  for (int64_t n = 0; n < num_images; ++n) {
    data.labels.values[n * 3 + n % 3] = 1;
    for (int64_t f = 0; f < 6; ++f) {
      values[n * 6 + f] =
          static_cast<float>(random.normal() * 0.3 + (f == n % 3 ? 3.0 : 0.0));
    }
  }
  return data;
}

const std::vector<std::string> kNames = {"field", "forest", "sea"};
const std::vector<FeatureColumns> kAll = {{"all", 0, 6}};

LinearProbeConfig quick_config() {
  LinearProbeConfig config;
  config.epochs = 20;
  config.batch_size = 32;
  config.lr = {1};
  return config;
}

TEST(LinearProbe, LearnsSeparableClasses) {
  const auto train = separable_data(300);
  const auto test = separable_data(90);
  for (const Task task : {Task::kSingleLabel, Task::kMultiLabel}) {
    const auto heads =
        train_linear_heads(train, kNames, task, kAll, quick_config());
    ASSERT_EQ(heads.size(), 1U);
    const auto scored =
        score_head(heads[0], test.features_NF, test.labels, task);
    EXPECT_EQ(top_k_accuracy(scored, 1), 1.0);
    EXPECT_LT(heads[0].final_loss, 0.35);
  }
}

// One epoch in double precision and plain loops, images in the head's order
// being irrelevant because the batch holds all of them.
TEST(LinearProbe, StepsEqualTheDoublePrecisionReference) {
  const auto train = separable_data(12);
  for (const Task task : {Task::kSingleLabel, Task::kMultiLabel}) {
    auto config = quick_config();
    config.batch_size = 12;
    config.epochs = 1;
    const auto first = train_linear_heads(train, kNames, task, kAll, config)[0];
    config.epochs = 3;
    config.lr = {0.7};
    const auto third = train_linear_heads(train, kNames, task, kAll, config)[0];

    // The drawn weights: run one epoch with a rate too small to move them.
    auto still = config;
    still.epochs = 1;
    still.lr = {1e-30};
    const auto start = train_linear_heads(train, kNames, task, kAll, still)[0];
    auto weight = start.weight_CF.to(at::kDouble);
    auto bias = start.bias_C.to(at::kDouble);
    auto weight_momentum = at::zeros_like(weight);
    auto bias_momentum = at::zeros_like(bias);
    const auto x = train.features_NF.to(at::kDouble);
    const auto y =
        at::tensor(train.labels.values).view({12, 3}).to(at::kDouble);
    for (int epoch = 0; epoch < 3; ++epoch) {
      const auto logits = x.mm(weight.t()) + bias;
      const auto gradient = task == Task::kMultiLabel
                                ? (logits.sigmoid() - y) / (12.0 * 3.0)
                                : (logits.softmax(1) - y) / 12.0;
      const double rate =
          0.7 * 12 / 256 * 0.5 * (1 + std::cos(std::numbers::pi * epoch / 3));
      weight_momentum = 0.9 * weight_momentum + gradient.t().mm(x);
      bias_momentum = 0.9 * bias_momentum + gradient.sum(0);
      weight = weight - rate * weight_momentum;
      bias = bias - rate * bias_momentum;
    }
    EXPECT_LT((third.weight_CF - weight).abs().max().item<double>(), 1e-6);
    EXPECT_LT((third.bias_C - bias).abs().max().item<double>(), 1e-6);
    EXPECT_GT(
        (first.weight_CF - start.weight_CF).abs().max().item<double>(), 1e-3);
  }
}

TEST(LinearProbe, GridEqualsTrainingOneRateAndOneSetAlone) {
  const auto train = separable_data(100);
  auto grid = quick_config();
  grid.lr = {0.01, 0.3, 2};
  const std::vector<FeatureColumns> sets = {{"low", 0, 3}, {"high", 2, 4}};
  const auto heads =
      train_linear_heads(train, kNames, Task::kMultiLabel, sets, grid);
  ASSERT_EQ(heads.size(), 6U);
  for (size_t i = 0; i < heads.size(); ++i) {
    auto single = quick_config();
    single.lr = {grid.lr[i % 3]};
    const auto alone = train_linear_heads(
        train, kNames, Task::kMultiLabel, {sets[i / 3]}, single)[0];
    EXPECT_EQ(heads[i].columns.name, sets[i / 3].name);
    EXPECT_EQ(heads[i].learning_rate, single.lr[0]);
    EXPECT_LT(
        (heads[i].weight_CF - alone.weight_CF).abs().max().item<double>(),
        1e-5);
    EXPECT_NEAR(heads[i].final_loss, alone.final_loss, 1e-5);
  }
}

TEST(LinearProbe, DoesNotDependOnTheOrderOfClasses) {
  const auto train = separable_data(60);
  auto turned = train;
  for (int64_t n = 0; n < 60; ++n) {
    for (int64_t c = 0; c < 3; ++c) {
      turned.labels.values[n * 3 + c] =
          train.labels.values[n * 3 + (c + 1) % 3];
    }
  }
  const std::vector<std::string> names = {"forest", "sea", "field"};
  const auto one = train_linear_heads(
      train, kNames, Task::kSingleLabel, kAll, quick_config())[0];
  const auto two = train_linear_heads(
      turned, names, Task::kSingleLabel, kAll, quick_config())[0];
  for (int64_t c = 0; c < 3; ++c) {
    EXPECT_LT(
        (two.weight_CF[c] - one.weight_CF[(c + 1) % 3])
            .abs()
            .max()
            .item<double>(),
        1e-5);
  }
}

TEST(LinearProbe, StandardisedHeadsReadRawFeatures) {
  auto train = separable_data(120);
  auto config = quick_config();
  config.standardize = true;
  const auto plain =
      train_linear_heads(train, kNames, Task::kSingleLabel, kAll, config)[0];
  auto scaled = train;
  scaled.features_NF = train.features_NF * 1000 + 500;
  const auto moved =
      train_linear_heads(scaled, kNames, Task::kSingleLabel, kAll, config)[0];
  EXPECT_LT(
      (head_probabilities(plain, train.features_NF, Task::kSingleLabel) -
       head_probabilities(moved, scaled.features_NF, Task::kSingleLabel))
          .abs()
          .max()
          .item<double>(),
      1e-3);
}

TEST(LinearProbe, TakesEachViewInTurn) {
  // Only view 1 shows the classes; with two epochs every image is seen in it
  // exactly once.
  auto train = separable_data(64);
  train.features_NF =
      at::cat({at::zeros_like(train.features_NF), train.features_NF});
  auto config = quick_config();
  config.epochs = 2;
  config.momentum = 0;
  config.batch_size = 64;
  const auto head =
      train_linear_heads(train, kNames, Task::kMultiLabel, kAll, config)[0];
  config.epochs = 1;
  const auto half =
      train_linear_heads(train, kNames, Task::kMultiLabel, kAll, config)[0];
  EXPECT_GT((head.weight_CF - half.weight_CF).abs().max().item<double>(), 1e-4);
}

TEST(LinearProbe, SelectionPassesOverHeadsThatDiverged) {
  const auto data = separable_data(30);
  auto heads = train_linear_heads(
      data, kNames, Task::kSingleLabel, kAll, quick_config());
  heads.insert(heads.begin(), heads[0]);
  heads[0].weight_CF = heads[0].weight_CF * NAN;
  const auto choice =
      select_head(heads, data.features_NF, data.labels, Task::kSingleLabel);
  EXPECT_EQ(choice.index, 1);
  EXPECT_TRUE(std::isnan(choice.scores[0]));
  heads.resize(1);
  EXPECT_THROW(
      (void)select_head(
          heads, data.features_NF, data.labels, Task::kSingleLabel),
      Error);
}

TEST(LinearProbe, RefusesWrongInput) {
  const auto data = separable_data(30);
  auto config = quick_config();
  config.lr = {-1};
  EXPECT_THROW(
      (void)train_linear_heads(data, kNames, Task::kSingleLabel, kAll, config),
      Error);
  auto twice = data;
  twice.labels.values[0] = twice.labels.values[1] = 1;
  EXPECT_THROW(
      (void)train_linear_heads(
          twice, kNames, Task::kSingleLabel, kAll, quick_config()),
      Error);
  EXPECT_THROW(
      (void)train_linear_heads(
          data, kNames, Task::kSingleLabel, {{"x", 4, 3}}, quick_config()),
      Error);
  EXPECT_THROW(
      (void)train_linear_heads(
          data, {"a", "b"}, Task::kSingleLabel, kAll, quick_config()),
      Error);
}

}  // namespace
}  // namespace nadir::eval
