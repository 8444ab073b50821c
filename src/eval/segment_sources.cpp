#include "eval/segment_sources.h"

#include "eval/baselines.h"

namespace nadir::eval {

namespace {

TokenSource network_tokens(
    const std::string& name,
    const nlohmann::json& weights_key,
    const std::shared_ptr<model::VisionTransformer>& network,
    int64_t num_blocks,
    const FrozenNetwork& frozen) {
  TokenSource source;
  source.name = name;
  source.key = {
      {"weights", weights_key},
      {"patch_tokens_of_blocks", num_blocks},
      {"precision", model::precision_name(frozen.precision)}};
  source.extractor = patch_token_extractor(*network, num_blocks, frozen.device);
  source.network = network;
  return source;
}

}  // namespace

std::vector<TokenSource> make_token_sources(
    const FrozenNetwork& frozen,
    int64_t num_blocks,
    const EvaluateConfig& config) {
  std::vector<TokenSource> sources;
  if (config.baselines) {
    const auto random = random_baseline(frozen, config.baseline_seed);
    sources.push_back(network_tokens(
        "random weights", random.key, random.network, num_blocks, frozen));
    TokenSource statistics;
    statistics.name = "image statistics";
    statistics.key = {{"patch_statistics", "mean std min max"}};
    statistics.extractor =
        patch_statistics_extractor(frozen.network->config().patch_size);
    sources.push_back(std::move(statistics));
  }
  sources.push_back(network_tokens(
      frozen.name, frozen.sha256, frozen.network, num_blocks, frozen));
  sources.back().is_baseline = false;
  return sources;
}

}  // namespace nadir::eval
