#include "eval/embedding_recipe.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "eval/feature_file.h"
#include "eval/prediction.h"
#include "eval/tiny_network.h"

namespace nadir::eval {
namespace {

EmbeddingRecipe tiny_recipe(const FrozenNetwork& frozen) {
  ViewRecipe views;
  views.normalization = *frozen.normalization;
  views.resize_px = 18;
  views.crop_px = 16;
  return make_embedding_recipe(frozen, "runs/tiny", views, 2, true);
}

// As they stand in a file.
table::Metadata in_file(const std::map<std::string, std::string>& provenance) {
  table::Metadata metadata;
  for (const auto& [key, text] : provenance) {
    metadata["nadir_" + key] = text;
  }
  return metadata;
}

TEST(EmbeddingRecipe, IsReadFromWhatWasWrittenWithTheEmbeddings) {
  const auto frozen = tiny_network();
  const auto recipe = tiny_recipe(frozen);
  const auto found = read_embedding_recipe(
      in_file(provenance_of(recipe, *frozen.network)), "e.parquet");
  EXPECT_EQ(found.weights, "runs/tiny");
  EXPECT_EQ(found.weights_sha256, "0123");
  EXPECT_EQ(found.blocks, 2);
  EXPECT_TRUE(found.mean_patch);
  EXPECT_EQ(found.views.text(), recipe.views.text());
  EXPECT_EQ(
      found.views.normalization.bands,
      (std::vector<std::string>{"R", "G", "B"}));
  EXPECT_EQ(found.precision, "fp32");
}

TEST(EmbeddingRecipe, EmbedsAnImageAsTheOthersWere) {
  const auto frozen = tiny_network();
  const auto recipe = tiny_recipe(frozen);
  const auto data = std::make_shared<FakeDataset>(5, false, false);
  const auto all =
      embed_images(unlabelled_images(data, "", 0), recipe, frozen, 5, 1);
  EXPECT_EQ(all.size(1), recipe.columns(*frozen.network).width);
  auto one = unlabelled_images(data, "", 0);
  one.indices = {3};
  const auto found = read_embedding_recipe(
      in_file(provenance_of(recipe, *frozen.network)), "e.parquet");
  const auto again = embed_images(one, found, frozen, 1, 1);
  constexpr double kOtherBatch = 1e-5;  // products are summed otherwise
  EXPECT_LT((again[0] - all[3]).abs().max().item<double>(), kOtherBatch);
  EXPECT_EQ(rows_of(all)[3][1], all[3][1].item<float>());
}

TEST(EmbeddingRecipe, SaysWhatIsMissing) {
  const auto frozen = tiny_network();
  const auto whole =
      in_file(provenance_of(tiny_recipe(frozen), *frozen.network));
  for (const char* key :
       {"nadir_recipe", "nadir_normalization", "nadir_weights_sha256"}) {
    auto metadata = whole;
    metadata.erase(key);
    try {
      static_cast<void>(read_embedding_recipe(metadata, "old.parquet"));
      FAIL() << "nothing was missed";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos);
      EXPECT_NE(
          std::string(error.what()).find("old.parquet"), std::string::npos);
    }
  }
  auto metadata = whole;
  metadata["nadir_recipe"] = "{\"blocks\": \"two\"}";
  EXPECT_THROW(
      static_cast<void>(read_embedding_recipe(metadata, "bad.parquet")), Error);
  EmbeddingRecipe recipe = tiny_recipe(frozen);
  recipe.weights = "runs/moved";
  try {
    static_cast<void>(load_recipe_network(recipe, "", "cpu"));
    FAIL() << "weights that are not there were loaded";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("--weights"), std::string::npos);
  }
}

}  // namespace
}  // namespace nadir::eval
