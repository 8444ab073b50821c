#include "atlas/projection.h"

#include <gtest/gtest.h>

#include "atlas/clusters.h"
#include "core/error.h"

namespace nadir::atlas {
namespace {

search::Embeddings named(const Clusters& clusters) {
  std::vector<std::string> names;
  for (size_t i = 0; i < clusters.groups.size(); ++i) {
    names.push_back("image " + std::to_string(i));
  }
  return {std::move(names), clusters.width, clusters.values, true};
}

TEST(Projection, HoldsWhatAnAtlasSaysOfItself) {
  const auto embeddings = named(make_clusters(300, 60, 6, 0.03));
  ProjectionOptions options;
  const auto pca = make_atlas(embeddings, options);
  EXPECT_EQ(pca.method, "pca");
  EXPECT_EQ(pca.names[299], "image 299");
  EXPECT_EQ(pca.places.size(), 600U);
  ASSERT_EQ(pca.explained.size(), 2U);
  EXPECT_GE(pca.explained[0], pca.explained[1]);
  EXPECT_LE(pca.explained[0] + pca.explained[1], 1);
  options.method = "umap";
  options.umap.epochs = 200;
  const auto umap = make_atlas(embeddings, options);
  EXPECT_EQ(umap.umap.epochs, 200);
  EXPECT_TRUE(umap.explained.empty());
  // Six groups do not fit into a plane side by side but where it is bent.
  EXPECT_GT(*umap.trustworthiness, *pca.trustworthiness);
}

TEST(Projection, NamesTheNeighboursAndEpochsThatItTook) {
  const auto embeddings = named(make_clusters(10, 8, 2, 0.03));
  ProjectionOptions options;
  options.method = "umap";
  const auto atlas = make_atlas(embeddings, options);
  EXPECT_EQ(atlas.umap.neighbours, 9);
  EXPECT_EQ(atlas.umap.epochs, 500);
}

TEST(Projection, EndsInEveryStageWhenTold) {
  const auto embeddings = named(make_clusters(200, 16, 4, 0.05));
  ProjectionOptions options;
  options.method = "umap";
  options.umap.epochs = 10;
  for (const Stage last : {Stage::kNeighbours, Stage::kLayout, Stage::kTrust}) {
    Stage reached = Stage::kNeighbours;
    const auto atlas = make_atlas(embeddings, options, [&](const Step& step) {
      reached = step.stage;
      return step.stage != last;
    });
    EXPECT_EQ(reached, last);
    EXPECT_EQ(atlas.places.size(), 400U);
    EXPECT_EQ(atlas.trustworthiness, std::nullopt);
  }
  EXPECT_THROW(
      static_cast<void>(make_atlas(
          embeddings,
          options,
          [](const Step& step) -> bool {
            throw std::runtime_error(std::to_string(step.done));
          })),
      std::runtime_error);
}

TEST(Projection, ShowsTheFinalPlacesBeforeTheirTrustIsKnown) {
  const auto embeddings = named(make_clusters(200, 16, 4, 0.05));
  std::vector<float> shown;
  const auto atlas = make_atlas(embeddings, {}, [&](const Step& step) {
    if (step.stage == Stage::kTrust && step.done == 0) {
      shown.assign(step.places.begin(), step.places.end());
    }
    return true;
  });
  EXPECT_EQ(shown, atlas.places);
}

TEST(Projection, TakesTwoImagesAndColumnsOfOne) {
  const auto two = make_atlas({{"a", "b"}, 2, {3, 4, 4, 3}, true}, {});
  EXPECT_NEAR(two.places[0], -two.places[2], 1e-6);
  EXPECT_NEAR(two.places[1], 0, 1e-6);
  EXPECT_EQ(two.trustworthiness, std::nullopt);
  const auto column = make_atlas({{"a", "b", "c"}, 1, {1, 2, 3}, true}, {});
  EXPECT_EQ(column.places.size(), 6U);
  EXPECT_EQ(column.places[1], 0);
}

TEST(Projection, RefusesWhatHasNoShape) {
  const search::Embeddings one({"a"}, 2, {1, 2}, true);
  EXPECT_THROW(static_cast<void>(make_atlas(one, {})), Error);
  const search::Embeddings same({"a", "b", "c"}, 1, {.1F, .1F, .1F}, true);
  EXPECT_THROW(static_cast<void>(make_atlas(same, {})), Error);
  ProjectionOptions options;
  options.method = "tsne";
  EXPECT_THROW(
      static_cast<void>(
          make_atlas({{"a", "b"}, 2, {3, 4, 4, 3}, true}, options)),
      Error);
}

}  // namespace
}  // namespace nadir::atlas
