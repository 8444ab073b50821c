// The network that is served, and its probe: the same weights, views and
// numbers as `nadir embed` and `nadir predict` give.
// Shapes: B batch, C bands, S side, F feature columns.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/features_config.h"
#include "eval/frozen_network.h"
#include "eval/probe.h"
#include "serve/answer.h"

namespace nadir::serve {

struct ServedModelOptions {
  eval::FeaturesConfig features;     // weights, device, sides, normalisation
  std::string probe;                 // empty: embeddings only
  std::vector<std::string> outputs;  // "labels", "embedding"; empty: the first
  int64_t blocks = 1;                // of the embedding, as `nadir embed`
  bool mean_patch = false;
};

class ServedModel {
 public:
  // Throws as eval::load_frozen_network(), eval::load_probe() and
  // eval::check_probe_fits(), and Error{kInvalidArgument} where outputs need a
  // probe that is not there, or weights do not say their normalisation.
  explicit ServedModel(const ServedModelOptions& options);

  [[nodiscard]] const ModelInfo& info() const { return info_; }

  // `views` are `count` views [C, S, S] behind each other. Not thread-safe.
  [[nodiscard]] std::vector<ModelOutput> forward(
      std::span<float> views, int64_t count) const;

 private:
  eval::FrozenNetwork frozen_;
  std::optional<eval::Probe> probe_;  // where labels are an output
  eval::FeatureLayout layout_;
  std::optional<eval::FeatureColumns> embedding_;
  eval::Extractor extractor_;
  ModelInfo info_;
};

}  // namespace nadir::serve
