#include "eval/embedding_recipe.h"

#include <algorithm>
#include <filesystem>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "model/precision.h"

namespace nadir::eval {

FeatureLayout EmbeddingRecipe::layout(
    const model::VisionTransformer& network) const {
  return layout_of(network, std::max<int64_t>(blocks, 1), mean_patch);
}

FeatureColumns EmbeddingRecipe::columns(
    const model::VisionTransformer& network) const {
  return layout(network).columns(blocks, mean_patch);
}

EmbeddingRecipe make_embedding_recipe(
    const FrozenNetwork& frozen,
    const std::string& weights,
    const ViewRecipe& views,
    int64_t blocks,
    bool mean_patch) {
  EmbeddingRecipe recipe;
  recipe.weights = weights;
  recipe.checkpoint_key = frozen.checkpoint_key;
  recipe.weights_source = frozen.source;
  recipe.weights_sha256 = frozen.sha256;
  recipe.blocks = blocks;
  recipe.mean_patch = mean_patch;
  recipe.views = views;
  recipe.precision = model::precision_name(frozen.precision);
  return recipe;
}

std::map<std::string, std::string> provenance_of(
    const EmbeddingRecipe& recipe, const model::VisionTransformer& network) {
  const nlohmann::json settings = {
      {"weights", recipe.weights},
      {"checkpoint_key", recipe.checkpoint_key},
      {"blocks", recipe.blocks},
      {"mean_patch", recipe.mean_patch},
      {"resize_px", recipe.views.resize_px},
      {"crop_px", recipe.views.crop_px}};
  return {
      {"features", recipe.columns(network).name},
      {"views", recipe.views.text()},
      {"normalization", json_text(data::to_json(recipe.views.normalization))},
      {"weights", recipe.weights_source},
      {"weights_sha256", recipe.weights_sha256},
      {"precision", recipe.precision},
      {"recipe", json_text(settings)}};
}

EmbeddingRecipe read_embedding_recipe(
    const table::Metadata& metadata, const std::string& path) {
  const auto text = [&](const std::string& key) {
    const auto found = metadata.find("nadir_" + key);
    NADIR_CHECK(
        found != metadata.end(),
        "{} does not say how it was made ('nadir_{}' is missing); make it "
        "again with nadir embed",
        path,
        key);
    return found->second;
  };
  EmbeddingRecipe recipe;
  recipe.weights_source = text("weights");
  recipe.weights_sha256 = text("weights_sha256");
  recipe.precision = text("precision");
  try {
    recipe.views.normalization =
        data::normalization_from_json(parse_json(text("normalization")));
    const auto settings = parse_json(text("recipe"));
    settings.at("weights").get_to(recipe.weights);
    settings.at("checkpoint_key").get_to(recipe.checkpoint_key);
    settings.at("blocks").get_to(recipe.blocks);
    settings.at("mean_patch").get_to(recipe.mean_patch);
    settings.at("resize_px").get_to(recipe.views.resize_px);
    settings.at("crop_px").get_to(recipe.views.crop_px);
  } catch (const nlohmann::json::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{}: how it was made cannot be read: {}",
        path,
        error.what());
  }
  return recipe;
}

FrozenNetwork load_recipe_network(
    const EmbeddingRecipe& recipe,
    const std::string& weights,
    const std::string& device) {
  FeaturesConfig config;
  config.weights = weights.empty() ? recipe.weights : weights;
  config.checkpoint_key = recipe.checkpoint_key;
  config.device = device;
  config.precision = recipe.precision;
  NADIR_CHECK(
      std::filesystem::exists(config.weights),
      "the weights {} that the embeddings were made with are not there; say "
      "where they are with --weights",
      config.weights);
  auto frozen = load_frozen_network(config);
  NADIR_CHECK(
      frozen.sha256 == recipe.weights_sha256,
      "the embeddings were made with other weights than {} ({}): with {}, as "
      "it was then; name those with --weights, or make the embeddings again "
      "with nadir embed",
      config.weights,
      frozen.source,
      recipe.weights_source);
  return frozen;
}

at::Tensor embed_images(
    const ImageSet& images,
    const EmbeddingRecipe& recipe,
    const FrozenNetwork& frozen,
    int64_t batch_size,
    int64_t num_threads) {
  const auto columns = recipe.columns(*frozen.network);
  return extract_features(
             images,
             recipe.views,
             network_extractor(
                 *frozen.network,
                 recipe.layout(*frozen.network),
                 frozen.device,
                 stop_extracting_if_told),
             batch_size,
             num_threads,
             "embedding")
      .narrow(1, columns.begin, columns.width);
}

std::vector<std::vector<float>> rows_of(const at::Tensor& matrix) {
  const auto values = matrix.contiguous();
  const float* row = values.const_data_ptr<float>();
  std::vector<std::vector<float>> rows;
  for (int64_t i = 0; i < values.size(0); ++i, row += values.size(1)) {
    rows.emplace_back(row, row + values.size(1));
  }
  return rows;
}

}  // namespace nadir::eval
