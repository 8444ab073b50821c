// Several ranks beside one: the same features, scores, probes and predictions.
#include "eval/shared_features.h"

#include <set>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "eval/baselines.h"
#include "eval/evaluate.h"
#include "eval/fake_dataset.h"
#include "eval/knn.h"
#include "eval/prediction.h"
#include "eval/tiny_network.h"
#include "support/ranks_in_threads.h"

namespace nadir::eval {
namespace {

// Batches of 7: 40 training images are six, 20 of the others three.
FeaturesConfig batches_of_seven() {
  FeaturesConfig config;
  config.feature_batch_size = 7;
  config.num_workers = 1;
  return config;
}

LinearProbeConfig short_probe() {
  LinearProbeConfig config;
  config.epochs = 5;
  config.batch_size = 16;
  config.lr = {0.1, 1};
  config.blocks = {1, 2};
  return config;
}

TEST(SharedFeatures, BatchesAreNeverDivided) {
  int64_t at = 0;
  for (int64_t number = 1; number <= 4; ++number) {
    const auto range = batches_of(40, 7, {number, 4});
    EXPECT_EQ(range.begin, at);
    EXPECT_TRUE(range.end % 7 == 0 || range.end == 40);
    at = range.end;
  }
  EXPECT_EQ(at, 40);
  EXPECT_EQ(batches_of(40, 7, {1, 8}).size(), 7);
  EXPECT_EQ(
      batches_of(3, 7, {1, 2}).size() + batches_of(3, 7, {2, 2}).size(), 3);
}

TEST(SharedFeatures, AreTheBitsOfOneProcess) {
  const auto frozen = tiny_network();
  const auto splits = fake_splits(true);
  const auto layout = layout_of(*frozen.network, 2);
  const auto extractor = network_extractor(*frozen.network, layout, at::kCPU);
  ViewRecipe views = {*frozen.normalization, 18, 16, 0, 0};
  for (const int64_t num_views : {0, 2}) {
    views.num_random_views = num_views;
    const auto alone =
        extract_features(splits.train, views, extractor, 7, 1, "t");
    // With eight ranks some have no image.
    for (const int64_t world_size : {2, 3, 8}) {
      run_ranks(world_size, [&](const auto& group) {
        const auto all = extract_shared(
            splits.train, views, extractor, 7, 1, "t", *group, Receivers::kAll);
        EXPECT_TRUE(all.equal(alone)) << world_size << " " << num_views;
        const auto first = extract_shared(
            splits.train,
            views,
            extractor,
            7,
            1,
            "t",
            *group,
            Receivers::kFirst);
        EXPECT_EQ(first.defined(), group->is_first());
      });
    }
  }
}

TEST(SharedFeatures, ScoresAndProbesAreThoseOfOneProcess) {
  const auto frozen = tiny_network();
  for (const bool is_multi_label : {true, false}) {
    const auto splits = fake_splits(is_multi_label);
    const auto features = batches_of_seven();
    const auto linear = run_linear(frozen, splits, features, short_probe(), {});
    const auto knn = to_json(run_knn(frozen, splits, features, {}, {}));
    for (const int64_t world_size : {2, 3}) {
      run_ranks(world_size, [&](const auto& group) {
        const auto shared =
            run_linear(frozen, splits, features, short_probe(), {}, *group);
        const auto votes = run_knn(frozen, splits, features, {}, {}, *group);
        if (!group->is_first()) {
          EXPECT_TRUE(shared.evaluation.rows.empty());
          return;
        }
        EXPECT_EQ(to_json(shared.evaluation), to_json(linear.evaluation));
        EXPECT_TRUE(
            shared.probe.head.weight_CF.equal(linear.probe.head.weight_CF));
        EXPECT_EQ(to_json(votes), knn);
      });
    }
  }
}

TEST(SharedFeatures, AreReadFromTheCacheOfTheFirstRank) {
  const TemporaryFolder folder;
  const auto frozen = tiny_network();
  const auto splits = fake_splits(false);
  auto features = batches_of_seven();
  const auto alone = to_json(run_knn(frozen, splits, features, {}, {}));
  features.feature_cache = folder.path() / "cache";
  std::set<std::filesystem::file_time_type> times;
  for (int round = 0; round < 2; ++round) {
    run_ranks(2, [&](const auto& group) {
      const auto votes = run_knn(frozen, splits, features, {}, {}, *group);
      if (group->is_first()) {
        EXPECT_EQ(to_json(votes), alone);
      }
    });
    int64_t num_files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(features.feature_cache)) {
      ++num_files;
      times.insert(entry.last_write_time());
    }
    EXPECT_EQ(num_files, 9);  // three sets of three sources
  }
  EXPECT_LE(times.size(), 9U);  // written once
}

TEST(SharedFeatures, PredictionsAreThoseOfOneProcess) {
  const auto frozen = tiny_network();
  const auto probe =
      run_linear(frozen, fake_splits(true), {}, short_probe(), {}).probe;
  const auto images =
      unlabelled_images(std::make_shared<FakeDataset>(20, true, false), "", 0);
  const auto alone = predict(probe, frozen, images, 4, 1);
  run_ranks(3, [&](const auto& group) {
    const auto shared = predict(probe, frozen, images, 4, 1, *group);
    EXPECT_EQ(shared.probability_NC.defined(), group->is_first());
    if (group->is_first()) {
      EXPECT_TRUE(shared.probability_NC.equal(alone.probability_NC));
      EXPECT_EQ(shared.labels, alone.labels);
    }
  });
}

TEST(SharedFeatures, RefuseOtherImagesOnAnotherRank) {
  const auto frozen = tiny_network();
  run_ranks(2, [&](const auto& group) {
    const auto other = make_splits(
        {},
        std::make_shared<FakeDataset>(group->is_first() ? 80 : 76, true, true),
        nullptr,
        nullptr,
        true);
    try {
      (void)run_knn(frozen, other, batches_of_seven(), {}, {}, *group);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDistributed);
      EXPECT_NE(std::string(error.what()).find("rank 1"), std::string::npos);
    }
  });
}

// An image that cannot be read ends its rank, and that rank's end the others.
TEST(SharedFeatures, ARankThatFailsEndsTheOthers) {
  class Damaged : public FakeDataset {
   public:
    Damaged() : FakeDataset(20, true, false) {}

    [[nodiscard]] raster::Image read(int64_t index) const override {
      if (index == 17) {
        fail(ErrorCode::kCorruptData, "image17 is damaged");
      }
      return FakeDataset::read(index);
    }
  };

  const auto frozen = tiny_network();
  const auto images = unlabelled_images(std::make_shared<Damaged>(), "", 0);
  const auto layout = layout_of(*frozen.network, 1);
  std::vector<std::string> errors(2);
  EXPECT_THROW(
      run_ranks(
          2,
          [&](const auto& group) {
            try {
              (void)extract_shared(
                  images,
                  {*frozen.normalization, 18, 16, 0, 0},
                  network_extractor(*frozen.network, layout, at::kCPU),
                  4,
                  1,
                  "t",
                  *group,
                  Receivers::kFirst);
            } catch (const Error& error) {
              errors[static_cast<size_t>(group->rank())] = error.what();
              throw;
            }
          }),
      Error);
  EXPECT_NE(errors[0].find("rank 0 of 2 on "), std::string::npos) << errors[0];
  EXPECT_NE(errors[0].find("a peer is lost"), std::string::npos) << errors[0];
  EXPECT_NE(errors[1].find("image17"), std::string::npos) << errors[1];
}

// Votes are made in blocks of 512: with 1,100 test images every rank has some.
TEST(SharedFeatures, VotesOfManyTestImagesAreTheBitsOfOneProcess) {
  at::manual_seed(1);
  const auto random_labels = [](int64_t count) {
    LabelMatrix labels{count, 3, std::vector<uint8_t>(count * 3)};
    for (int64_t i = 0; i < count; ++i) {
      labels.values[i * 3 + i % 3] = 1;
    }
    return labels;
  };
  const auto train = at::rand({300, 16});
  const auto test = at::rand({1100, 16});
  const auto train_labels = random_labels(300);
  const auto test_labels = random_labels(1100);
  const auto alone = knn_votes(train, train_labels, test, test_labels, {});
  run_ranks(2, [&](const auto& group) {
    const auto votes =
        knn_votes(train, train_labels, test, test_labels, {}, *group);
    ASSERT_EQ(votes.size(), alone.size());
    for (size_t k = 0; k < votes.size(); ++k) {
      EXPECT_EQ(votes[k].scored.scores, alone[k].scored.scores);
    }
  });
}

}  // namespace
}  // namespace nadir::eval
