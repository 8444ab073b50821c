#include "eval/feature_sources.h"

#include <cmath>

#include <ATen/ATen.h>

#include "core/error.h"
#include "eval/baselines.h"

namespace nadir::eval {

namespace {

constexpr char kRandomWeights[] = "random weights";
constexpr char kImageStatistics[] = "image statistics";

std::vector<FeatureColumns> probe_columns(
    const FeatureLayout& layout, const LinearProbeConfig& config) {
  std::vector<FeatureColumns> columns;
  for (const double blocks : config.blocks) {
    NADIR_CHECK(
        blocks >= 1 && blocks == std::floor(blocks),
        "blocks must be whole and >= 1, got {}",
        blocks);
    for (const auto& pool : config.pool) {
      NADIR_CHECK(
          pool == "cls" || pool == "cls+mean",
          "pool must be cls or cls+mean, got '{}'",
          pool);
      columns.push_back(
          layout.columns(static_cast<int64_t>(blocks), pool == "cls+mean"));
    }
  }
  NADIR_CHECK(!columns.empty(), "blocks and pool must name at least one set");
  return columns;
}

FeatureSource network_source(
    const std::string& name,
    const nlohmann::json& weights_key,
    const std::shared_ptr<model::VisionTransformer>& network,
    const FeatureLayout& layout,
    const LinearProbeConfig& probe,
    const FrozenNetwork& frozen) {
  FeatureSource source;
  source.name = name;
  source.key = {
      {"weights", weights_key}, {"blocks", layout.num_blocks}, {"mean", true}};
  if (frozen.precision != model::Precision::kFp32) {
    source.key["precision"] = model::precision_name(frozen.precision);
    if (frozen.precision == model::Precision::kInt8 &&
        frozen.input_mean_C.defined()) {
      const auto* const mean = frozen.input_mean_C.const_data_ptr<float>();
      source.key["input_mean"] =
          std::vector<float>(mean, mean + frozen.input_mean_C.numel());
    }
  }
  source.extractor = network_extractor(
      *network, layout, frozen.device, stop_extracting_if_told);
  source.probe_columns = probe_columns(layout, probe);
  source.knn_columns = layout.last_cls();
  source.network = network;
  return source;
}

}  // namespace

std::vector<FeatureSource> make_sources(
    const FrozenNetwork& frozen,
    const FeatureLayout& layout,
    const LinearProbeConfig& probe,
    const EvaluateConfig& config) {
  std::vector<FeatureSource> sources;
  if (config.baselines) {
    const auto random = random_baseline(frozen, config.baseline_seed);
    sources.push_back(network_source(
        kRandomWeights, random.key, random.network, layout, probe, frozen));
    FeatureSource statistics;
    statistics.name = kImageStatistics;
    statistics.key = {{"statistics", "mean std min max"}};
    statistics.extractor = {image_statistics};
    statistics.knn_columns = {
        "mean, deviation, smallest and largest value of each band",
        0,
        4 * frozen.network->config().in_channels};
    statistics.probe_columns = {statistics.knn_columns};
    sources.push_back(std::move(statistics));
  }
  sources.push_back(network_source(
      frozen.name, frozen.sha256, frozen.network, layout, probe, frozen));
  sources.back().is_baseline = false;
  return sources;
}

ViewedSets make_viewed_sets(
    const FrozenNetwork& frozen,
    const Splits& splits,
    const FeaturesConfig& config,
    int64_t num_random_views) {
  ViewedSets sets;
  sets.test_views = make_view_recipe(frozen, *splits.train.dataset, config);
  sets.train_views = sets.test_views;
  sets.train_views.num_random_views = num_random_views;
  sets.train_key = views_key(splits.train, sets.train_views);
  if (splits.validation.size() > 0) {
    sets.validation_key = views_key(splits.validation, sets.test_views);
  }
  sets.test_key = views_key(splits.test, sets.test_views);
  return sets;
}

SetFeatures features_of(
    const FeatureSource& source,
    const Splits& splits,
    const ViewedSets& sets,
    const FeatureCache& cache,
    const FeaturesConfig& config,
    const distributed::Communicator& group,
    Receivers who) {
  const auto extract = [&](const ImageSet& images,
                           const ViewRecipe& views,
                           const nlohmann::json& key,
                           const char* what) {
    auto full_key = key;
    full_key["source"] = source.key;
    return shared_from_cache(
        cache, full_key, images.size() * views.num_views(), group, who, [&] {
          return extract_shared(
              images,
              views,
              source.extractor,
              config.feature_batch_size,
              config.num_workers,
              fmt::format("{} features, {}", what, source.name),
              group,
              who);
        });
  };
  SetFeatures features;
  features.train =
      extract(splits.train, sets.train_views, sets.train_key, "training");
  if (splits.validation.size() > 0) {
    features.validation = extract(
        splits.validation, sets.test_views, sets.validation_key, "validation");
  }
  features.test = extract(splits.test, sets.test_views, sets.test_key, "test");
  return features;
}

}  // namespace nadir::eval
