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
    const auto& vit = frozen.network->config();
    const auto random =
        random_network(vit, static_cast<uint64_t>(config.baseline_seed));
    random->to(frozen.device);
    random->freeze(frozen.precision);
    sources.push_back(network_tokens(
        "random weights",
        {{"random_seed", config.baseline_seed},
         {"arch", vit.arch},
         {"patch_size", vit.patch_size},
         {"image_size", vit.image_size},
         {"in_channels", vit.in_channels}},
        random,
        num_blocks,
        frozen));
    TokenSource statistics;
    statistics.name = "image statistics";
    statistics.key = {{"patch_statistics", "mean std min max"}};
    statistics.extractor = patch_statistics_extractor(vit.patch_size);
    sources.push_back(std::move(statistics));
  }
  sources.push_back(network_tokens(
      frozen.name, frozen.sha256, frozen.network, num_blocks, frozen));
  sources.back().is_baseline = false;
  return sources;
}

}  // namespace nadir::eval
