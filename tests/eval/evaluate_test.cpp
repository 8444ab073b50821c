#include "eval/evaluate.h"

#include <chrono>
#include <filesystem>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "eval/baselines.h"
#include "eval/fake_dataset.h"
#include "eval/knn_monitor.h"
#include "eval/prediction.h"
#include "eval/tiny_network.h"
#include "support/gpu.h"
#include "support/ranks_in_threads.h"

namespace nadir::eval {
namespace {

ViewRecipe tiny_views(const FrozenNetwork& frozen) {
  return {*frozen.normalization, 18, 16, 0, 0};
}

LinearProbeConfig quick_probe() {
  LinearProbeConfig config;
  config.epochs = 10;
  config.batch_size = 16;
  config.lr = {0.1, 1};
  config.blocks = {1, 2};
  return config;
}

TEST(Features, AreTheNetworksTokensInTheOrderOfTheImages) {
  const auto frozen = tiny_network();
  const auto splits = fake_splits(true);
  const auto layout = layout_of(*frozen.network, 2);
  const auto extractor = network_extractor(*frozen.network, layout, at::kCPU);
  const auto views = tiny_views(frozen);
  const auto features =
      extract_features(splits.test, views, extractor, 7, 2, "t");
  ASSERT_EQ(features.size(0), 20);
  ASSERT_EQ(features.size(1), 3 * layout.dim);
  const auto one_by_one =
      extract_features(splits.test, views, extractor, 1, 1, "t");
  EXPECT_LT((features - one_by_one).abs().max().item<double>(), 1e-5);

  // The last block's CLS token is what forward() gives.
  at::Tensor images;
  (void)extract_features(
      splits.test,
      views,
      {[&](const at::Tensor& batch) {
        images = batch.clone();
        return batch.flatten(1);
      }},
      20,
      1,
      "t");
  const at::NoGradGuard no_grad;
  const auto cls = layout.last_cls();
  EXPECT_LT(
      (features.narrow(1, cls.begin, cls.width) -
       frozen.network->forward(images))
          .abs()
          .max()
          .item<double>(),
      1e-5);
}

TEST(Features, OfAGpuAreThoseOfTheCpu) {
  NADIR_NEEDS_GPU(gpu);
  const auto frozen = tiny_network();
  const auto splits = fake_splits(true);
  const auto layout = layout_of(*frozen.network, 2);
  auto views = tiny_views(frozen);
  views.num_random_views = 2;
  const auto extract = [&](at::Device device) {
    return extract_features(
        splits.test,
        views,
        network_extractor(*frozen.network, layout, device),
        3,
        2,
        "t");
  };
  const auto expected = extract(at::kCPU);
  frozen.network->to(gpu);
  const auto features = extract(gpu);
  ASSERT_EQ(features.sizes(), expected.sizes());
  EXPECT_LT((features - expected).abs().max().item<double>(), 1e-4);
}

TEST(Features, RandomViewsDifferByViewAndRepeat) {
  const auto frozen = tiny_network();
  const auto splits = fake_splits(true);
  auto views = tiny_views(frozen);
  views.num_random_views = 2;
  const Extractor flat{
      [](const at::Tensor& batch) { return batch.flatten(1); }};
  const auto one = extract_features(splits.test, views, flat, 8, 2, "t");
  ASSERT_EQ(one.size(0), 40);
  const auto two = extract_features(splits.test, views, flat, 5, 1, "t");
  EXPECT_TRUE(one.equal(two));
  EXPECT_FALSE(one.narrow(0, 0, 20).equal(one.narrow(0, 20, 20)));
}

TEST(FeatureCache, GivesTheSameFeaturesWithoutMakingThemAgain) {
  const TemporaryFolder folder;
  const FeatureCache cache(folder.path());
  const nlohmann::json key = {{"weights", "a"}};
  const auto made = at::rand({3, 4});
  const auto first = cache.get_or_make(key, 3, [&] { return made; });
  const auto second = cache.get_or_make(key, 3, []() -> at::Tensor {
    ADD_FAILURE() << "made again";
    return at::zeros({3, 4});
  });
  EXPECT_TRUE(first.equal(made));
  EXPECT_TRUE(second.equal(made));
  const auto other = cache.get_or_make({{"weights", "b"}}, 3, [] {
    return at::ones({3, 4});
  });
  EXPECT_TRUE(other.equal(at::ones({3, 4})));
}

TEST(FeatureCache, MakesDamagedFilesAgain) {
  const TemporaryFolder folder;
  const FeatureCache cache(folder.path());
  const nlohmann::json key = {{"weights", "a"}};
  const auto made = at::rand({3, 4});
  const auto make = [&] { return made; };
  (void)cache.get_or_make(key, 3, make);
  const std::string whole = read_file(cache.file(key));
  std::string flipped = whole;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  for (const std::string& damaged :
       {whole.substr(0, whole.size() - 5), std::string("garbage"), flipped}) {
    write_file(cache.file(key), damaged);
    EXPECT_TRUE(cache.get_or_make(key, 3, make).equal(made));
    EXPECT_EQ(read_file(cache.file(key)), whole);
  }
}

// Sixteen images' pixels were the key once: a change of any other image was
// not seen.
TEST(FeatureCache, KeysChangeWithTheFilesBehindTheImages) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "pixels";
  const auto dataset = std::make_shared<FakeDataset>(40, true, false);
  dataset->files_ = {file};
  const auto images = unlabelled_images(dataset, "", 0);
  const auto views = tiny_views(tiny_network());
  write_file(file, "one");
  const auto first = views_key(images, views);
  EXPECT_EQ(views_key(images, views), first);
  write_file(file, "longer");
  const auto second = views_key(images, views);
  EXPECT_NE(second, first);
  std::filesystem::last_write_time(
      file, std::filesystem::last_write_time(file) + std::chrono::seconds(1));
  EXPECT_NE(views_key(images, views), second);
}

TEST(Evaluate, LinearScoresBaselinesBesideTheWeights) {
  const TemporaryFolder folder;
  const auto frozen = tiny_network();
  for (const bool is_multi_label : {true, false}) {
    const auto splits = fake_splits(is_multi_label);
    EvaluateConfig config;
    config.out = folder.path() / (is_multi_label ? "multi" : "single");
    const auto result = run_linear(frozen, splits, {}, quick_probe(), config);
    const auto json = to_json(result.evaluation);
    ASSERT_EQ(json["rows"].size(), 3U);
    EXPECT_EQ(json["rows"][0]["features"], "random weights");
    EXPECT_EQ(json["rows"][1]["features"], "image statistics");
    EXPECT_EQ(json["rows"][2]["features"], "tiny");
    // Band means tell these classes apart.
    EXPECT_GT(json["rows"][1]["ap_macro"].get<double>(), 0.95);
    EXPECT_EQ(json["splits"]["test"], 20);
    EXPECT_EQ(json["rows"][2]["per_class"].size(), 3U);
    EXPECT_EQ(json["rows"][2]["grid"].size(), 8U);
    EXPECT_EQ(json["rows"][2]["accuracy_top1"].is_null(), is_multi_label);
    EXPECT_EQ(
        json["rows"][2]["per_class"][0]["threshold"].is_null(),
        !is_multi_label);
    write_evaluation(result.evaluation, config.out);
    EXPECT_EQ(
        parse_ordered_json(
            read_file(std::filesystem::path(config.out) / "linear.json")),
        json);
    EXPECT_NE(
        to_text(result.evaluation).find("image statistics"), std::string::npos);
    // Again, from the cache: the same numbers.
    const auto again = run_linear(frozen, splits, {}, quick_probe(), config);
    EXPECT_EQ(to_json(again.evaluation), json);
  }
}

TEST(Evaluate, KnnReportsEveryK) {
  const auto frozen = tiny_network();
  const auto splits = fake_splits(false);
  KnnConfig knn;
  knn.neighbours = {1, 20, 500};
  const auto evaluation = run_knn(frozen, splits, {}, knn, {});
  ASSERT_EQ(evaluation.rows.size(), 3U);
  const auto& row = evaluation.rows[2];
  EXPECT_EQ(row.details["k"], 20);
  EXPECT_EQ(row.details["by_k"].size(), 3U);
  EXPECT_EQ(row.details["by_k"][2]["k"], 40);
  EXPECT_EQ(row.details["by_k"][1]["accuracy_top1"], *row.accuracy_top1);
}

// Minutes of features went before a wrong flag was named.
TEST(Evaluate, RefusesBadFieldsBeforeFeaturesAreMade) {
  const TemporaryFolder folder;
  EvaluateConfig config;
  config.out = folder.path() / "out";
  const auto frozen = tiny_network();
  const auto splits = fake_splits(false);
  KnnConfig no_neighbours;
  no_neighbours.neighbours = {0};
  EXPECT_THROW((void)run_knn(frozen, splits, {}, no_neighbours, config), Error);
  LinearProbeConfig no_rate = quick_probe();
  no_rate.lr = {-1};
  EXPECT_THROW((void)run_linear(frozen, splits, {}, no_rate, config), Error);
  EXPECT_FALSE(std::filesystem::exists(config.out));
}

TEST(Evaluate, RefusesBandsAndNormalisationThatDisagree) {
  auto frozen = tiny_network();
  const auto splits = fake_splits(false);
  FeaturesConfig features;
  features.normalization = "zscore";
  EXPECT_THROW(
      (void)make_view_recipe(frozen, *splits.train.dataset, features), Error);
  frozen.normalization->bands = {"B", "G", "R"};
  EXPECT_THROW(
      (void)make_view_recipe(frozen, *splits.train.dataset, {}), Error);
}

TEST(Probe, GivesTheSameProbabilitiesAfterSavingAndLoading) {
  const TemporaryFolder folder;
  auto frozen = tiny_network();
  frozen.checkpoint_key = "student";
  const auto result =
      run_linear(frozen, fake_splits(true), {}, quick_probe(), {});
  const auto place = folder.path() / "eval" / "linear";
  save_probe(result.probe, place);
  EXPECT_EQ(load_probe(place).class_names, result.probe.class_names);
  const auto loaded = load_probe(folder.path());  // as a run
  EXPECT_EQ(loaded.checkpoint_key, "student");
  EXPECT_EQ(loaded.class_names, result.probe.class_names);
  EXPECT_EQ(loaded.thresholds, result.probe.thresholds);
  EXPECT_EQ(loaded.views.normalization, result.probe.views.normalization);
  const auto features = at::rand({5, loaded.layout.width()});
  EXPECT_TRUE(head_probabilities(loaded.head, features, loaded.task)
                  .equal(head_probabilities(
                      result.probe.head, features, result.probe.task)));
}

TEST(Probe, PredictsWithItsOwnWeightsAndBandsOnly) {
  auto frozen = tiny_network();
  auto probe =
      run_linear(frozen, fake_splits(true), {}, quick_probe(), {}).probe;
  const auto images =
      unlabelled_images(std::make_shared<FakeDataset>(5, true, false), "", 0);
  const auto predictions = predict(probe, frozen, images, 2, 1);
  EXPECT_EQ(predictions.probability_NC.size(0), 5);
  EXPECT_EQ(predictions.probe["weights_sha256"], frozen.sha256);
  frozen.sha256 = "other";
  EXPECT_THROW((void)predict(probe, frozen, images, 2, 1), Error);
  frozen.sha256 = probe.weights_sha256;
  probe.views.normalization.bands = {"B", "G", "R"};
  EXPECT_THROW((void)predict(probe, frozen, images, 2, 1), Error);
}

TEST(Probe, RefusesDamagedFiles) {
  const TemporaryFolder folder;
  EXPECT_THROW((void)load_probe(folder.path()), Error);
  write_file(folder.path() / "probe.json", "{}");
  EXPECT_THROW((void)load_probe(folder.path()), Error);
}

TEST(KnnMonitor, EqualsKnnOfTheSameImages) {
  const auto frozen = tiny_network();
  const auto splits = fake_splits(false);
  FeaturesConfig features;
  const auto views = make_view_recipe(frozen, *splits.train.dataset, features);
  const KnnMonitor monitor(
      splits.task, splits.train, splits.test, views, 20, 1);
  const auto score = monitor.score(*frozen.network, at::kCPU, 16);
  EXPECT_EQ(score.name, "knn_accuracy");
  EvaluateConfig config;
  config.baselines = false;
  const auto evaluation = run_knn(frozen, splits, features, {}, config);
  EXPECT_EQ(score.score, *evaluation.rows[0].accuracy_top1);
  run_ranks(3, [&](const auto& group) {
    const KnnMonitor shared(
        splits.task, splits.train, splits.test, views, 20, 1, group);
    EXPECT_EQ(shared.score(*frozen.network, at::kCPU, 16).score, score.score);
  });
}

}  // namespace
}  // namespace nadir::eval
