// How embeddings were made, so that another image can be made into one of
// them: docs/formats/embeddings.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "eval/features.h"
#include "eval/frozen_network.h"
#include "eval/splits.h"
#include "table/parquet.h"

namespace nadir::eval {

struct EmbeddingRecipe {
  std::string weights;         // as the user wrote --weights
  std::string checkpoint_key;  // as the user wrote it
  std::string weights_source;  // the file or checkpoint that was taken
  std::string weights_sha256;
  int64_t blocks = 1;
  bool mean_patch = false;
  ViewRecipe views;  // with the bands, in the normalisation
  std::string precision;

  // The columns of the features that are the embedding.
  [[nodiscard]] FeatureLayout layout(
      const model::VisionTransformer& network) const;
  [[nodiscard]] FeatureColumns columns(
      const model::VisionTransformer& network) const;
};

// Of `frozen`, whose path is `weights` as the user wrote it.
[[nodiscard]] EmbeddingRecipe make_embedding_recipe(
    const FrozenNetwork& frozen,
    const std::string& weights,
    const ViewRecipe& views,
    int64_t blocks,
    bool mean_patch);

// The texts that go with the embeddings, by key without "nadir_".
[[nodiscard]] std::map<std::string, std::string> provenance_of(
    const EmbeddingRecipe& recipe, const model::VisionTransformer& network);

// The recipe in the metadata of `path`, whose keys begin with "nadir_". Throws
// Error{kInvalidArgument} where they do not say all of it: embeddings of an
// older version, or made elsewhere.
[[nodiscard]] EmbeddingRecipe read_embedding_recipe(
    const table::Metadata& metadata, const std::string& path);

// The network of `recipe`, from `weights`, or where that is empty from where it
// was. Throws as load_frozen_network(), and Error{kInvalidArgument} where these
// are other weights.
[[nodiscard]] FrozenNetwork load_recipe_network(
    const EmbeddingRecipe& recipe,
    const std::string& weights,
    const std::string& device);

// Embeddings [N, F] of `images`, which have the recipe's bands, by
// `num_threads` threads. Throws as extract_features().
[[nodiscard]] at::Tensor embed_images(
    const ImageSet& images,
    const EmbeddingRecipe& recipe,
    const FrozenNetwork& frozen,
    int64_t batch_size,
    int64_t num_threads);

// Rows of a float32 matrix on the CPU.
[[nodiscard]] std::vector<std::vector<float>> rows_of(const at::Tensor& matrix);

}  // namespace nadir::eval
