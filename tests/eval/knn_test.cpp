#include "eval/knn.h"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"

namespace nadir::eval {
namespace {

LabelMatrix single_labels(const std::vector<int>& classes, int64_t count) {
  LabelMatrix labels{static_cast<int64_t>(classes.size()), count, {}};
  labels.values.resize(classes.size() * count);
  for (size_t i = 0; i < classes.size(); ++i) {
    labels.values[i * count + classes[i]] = 1;
  }
  return labels;
}

LabelMatrix random_labels(int64_t num_images, int64_t num_classes) {
  RandomStream random(5, StreamPurpose::kTest);
  LabelMatrix labels{num_images, num_classes, {}};
  for (int64_t i = 0; i < num_images * num_classes; ++i) {
    labels.values.push_back(random.uniform() < 0.4 ? 1 : 0);
  }
  return labels;
}

TEST(Knn, WeighsNeighboursByTheExponentOfTheirSimilarity) {
  // Test vector (1, 0); similarities 1, 0, -1.
  const auto train =
      at::tensor({2.0F, 0.0F, 0.0F, 3.0F, -1.0F, 0.0F}).view({3, 2});
  const auto test = at::tensor({5.0F, 0.0F}).view({1, 2});
  KnnConfig config;
  config.neighbours = {2, 3};
  config.temperature = 0.5;
  const auto votes = knn_votes(
      train, single_labels({0, 1, 2}, 3), test, single_labels({0}, 3), config);
  ASSERT_EQ(votes.size(), 2U);
  const double near = std::exp(2.0);
  EXPECT_NEAR(votes[0].scored.scores[0], near / (near + 1), 1e-6);
  EXPECT_NEAR(votes[0].scored.scores[2], 0, 1e-12);
  const double all = near + 1 + std::exp(-2.0);
  EXPECT_NEAR(votes[1].scored.scores[1], 1 / all, 1e-6);
  EXPECT_NEAR(votes[1].scored.scores[2], std::exp(-2.0) / all, 1e-6);
}

TEST(Knn, EqualsPlainLoopsOverBlocksAndSeveralLabels) {
  at::manual_seed(1);
  const int64_t num_train = 9001;  // two blocks of train images
  const int64_t num_test = 515;    // two blocks of test images
  const auto train = at::randn({num_train, 8});
  const auto test = at::randn({num_test, 8});
  const auto train_labels = random_labels(num_train, 5);
  const auto test_labels = random_labels(num_test, 5);
  KnnConfig config;
  config.neighbours = {1, 20};
  const auto votes = knn_votes(train, train_labels, test, test_labels, config);

  const auto unit = [](const at::Tensor& x) {
    return x / x.norm(2, {1}, true);
  };
  const auto similarity = unit(test).mm(unit(train).t());
  const auto [top, index] = similarity.topk(20, 1);
  for (int64_t m = 0; m < num_test; m += 57) {
    std::vector<double> sums(5, 0);
    double total = 0;
    for (int64_t k = 0; k < 20; ++k) {
      const double weight = std::exp(top[m][k].item<double>() / 0.07);
      const auto row = train_labels.row(index[m][k].item<int64_t>());
      for (int64_t c = 0; c < 5; ++c) {
        sums[c] += weight * row[c];
      }
      total += weight;
      if (k == 0 || k == 19) {
        const auto& scores = votes[k == 0 ? 0 : 1].scored.scores;
        for (int64_t c = 0; c < 5; ++c) {
          EXPECT_NEAR(scores[m * 5 + c], sums[c] / total, 1e-4);
        }
      }
    }
  }
}

TEST(Knn, GivesEqualSimilaritiesToTheLowerIndex) {
  for (const int64_t num_train : {300, 9001}) {
    std::vector<int> classes(num_train, 1);
    classes[0] = 0;
    KnnConfig config;
    config.neighbours = {1};
    const auto votes = knn_votes(
        at::ones({num_train, 4}),
        single_labels(classes, 2),
        at::ones({1, 4}),
        single_labels({0}, 2),
        config);
    EXPECT_EQ(votes[0].scored.scores, (std::vector<double>{1, 0}));
  }
}

// All that are near lie where the sample is taken, so that it promises more of
// them than there are.
TEST(Knn, FindsAllWhereTheSampleMisleads) {
  constexpr int64_t kTrain = 8192;
  constexpr int64_t kNear = 50;
  auto angles = at::full({kTrain}, 1.5);
  std::vector<int> classes(kTrain, 1);
  for (int64_t i = 0; i < 1024; ++i) {
    angles[8 * i] = 0.001 * static_cast<double>(1 + i);
    classes[8 * i] = i < kNear ? 0 : 1;
  }
  KnnConfig config;
  config.neighbours = {kNear, kNear + 1};
  const auto votes = knn_votes(
      at::stack({angles.cos(), angles.sin()}, 1),
      single_labels(classes, 2),
      at::tensor({1.0F, 0.0F}).view({1, 2}),
      single_labels({0}, 2),
      config);
  EXPECT_EQ(votes[0].scored.scores, (std::vector<double>{1, 0}));
  EXPECT_NEAR(votes[1].scored.scores[0], 50.0 / 51, 1e-3);
}

TEST(Knn, ClipsNeighboursToTheTrainSet) {
  const auto votes = knn_votes(
      at::eye(3),
      single_labels({0, 1, 2}, 3),
      at::eye(3),
      single_labels({0, 1, 2}, 3),
      KnnConfig{});
  ASSERT_EQ(votes.size(), 1U);
  EXPECT_EQ(votes[0].num_neighbours, 3);
  EXPECT_EQ(top_k_accuracy(votes[0].scored, 1), 1.0);
}

TEST(Knn, RefusesFeaturesThatAreNotFinite) {
  auto train = at::eye(3);
  train[1][1] = NAN;
  const auto labels = single_labels({0, 1, 2}, 3);
  EXPECT_THROW(
      (void)knn_votes(train, labels, at::eye(3), labels, KnnConfig{}), Error);
}

TEST(Knn, RefusesBadConfigurations) {
  const auto labels = single_labels({0, 1, 2}, 3);
  KnnConfig zero;
  zero.neighbours = {0};
  EXPECT_THROW(
      (void)knn_votes(at::eye(3), labels, at::eye(3), labels, zero), Error);
  KnnConfig cold;
  cold.temperature = 0;
  EXPECT_THROW(
      (void)knn_votes(at::eye(3), labels, at::eye(3), labels, cold), Error);
}

}  // namespace
}  // namespace nadir::eval
