// The rows of an evaluation: what computes their features, and the features
// of all three sets, made or read from the cache.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "eval/evaluate_config.h"
#include "eval/feature_cache.h"
#include "eval/features.h"
#include "eval/frozen_network.h"
#include "eval/linear_probe_config.h"
#include "eval/shared_features.h"
#include "eval/splits.h"

namespace nadir::eval {

// One row: what computes it, and which columns mean what.
struct FeatureSource {
  std::string name;
  nlohmann::json key;
  Extractor extractor;
  std::vector<FeatureColumns> probe_columns;
  FeatureColumns knn_columns;
  bool is_baseline = true;
  std::shared_ptr<model::VisionTransformer> network;  // kept for extractor
};

// Random weights, image statistics (both unless config.baselines is off), and
// the weights. Throws Error{kInvalidArgument} on bad `blocks` or `pool`.
[[nodiscard]] std::vector<FeatureSource> make_sources(
    const FrozenNetwork& frozen,
    const FeatureLayout& layout,
    const LinearProbeConfig& probe,
    const EvaluateConfig& config);

// Views and cache keys of the three sets; the keys hash names and pixels, so
// they are made once for all sources.
struct ViewedSets {
  ViewRecipe train_views;
  ViewRecipe test_views;
  nlohmann::json train_key;
  nlohmann::json validation_key;
  nlohmann::json test_key;
};

[[nodiscard]] ViewedSets make_viewed_sets(
    const FrozenNetwork& frozen,
    const Splits& splits,
    const FeaturesConfig& config,
    int64_t num_random_views);

// [rows, columns] of each set; `validation` is undefined where it is empty,
// and all are on ranks that do not get them.
struct SetFeatures {
  at::Tensor train;
  at::Tensor validation;
  at::Tensor test;
};

// The processes of `group` share the work; `who` gets the features. The first
// rank alone reads and writes the cache. Collective.
[[nodiscard]] SetFeatures features_of(
    const FeatureSource& source,
    const Splits& splits,
    const ViewedSets& sets,
    const FeatureCache& cache,
    const FeaturesConfig& config,
    const distributed::Communicator& group,
    Receivers who);

}  // namespace nadir::eval
