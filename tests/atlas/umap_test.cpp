#include "atlas/umap.h"

#include <cmath>

#include <gtest/gtest.h>

#include "atlas/clusters.h"
#include "atlas/trustworthiness.h"
#include "core/error.h"

namespace nadir::atlas {
namespace {

// The mean silhouette (Rousseeuw 1987): 1 where groups are tight and apart, 0
// where they lie over each other.
double silhouette(const Clusters& clusters, const std::vector<float>& places) {
  const size_t size = clusters.groups.size();
  const auto num_groups = static_cast<size_t>(
      *std::max_element(clusters.groups.begin(), clusters.groups.end()) + 1);
  double sum = 0;
  for (size_t i = 0; i < size; ++i) {
    std::vector<double> distances(num_groups, 0.0);
    std::vector<double> counts(num_groups, 0.0);
    for (size_t j = 0; j < size; ++j) {
      const auto group = static_cast<size_t>(clusters.groups[j]);
      distances[group] += std::hypot(
          places[2 * i] - places[2 * j], places[2 * i + 1] - places[2 * j + 1]);
      counts[group] += j == i ? 0 : 1;
    }
    const auto own = static_cast<size_t>(clusters.groups[i]);
    double other = INFINITY;
    for (size_t g = 0; g < num_groups; ++g) {
      if (g != own) {
        other = std::min(other, distances[g] / counts[g]);
      }
    }
    const double mean = distances[own] / counts[own];
    sum += (other - mean) / std::max(other, mean);
  }
  return sum / static_cast<double>(size);
}

TEST(Umap, KeepsGroupsTogetherAndApart) {
  const auto clusters = make_clusters(600, 96, 8, 0.03);
  const auto places = umap(clusters.vectors(), {}, 2);
  ASSERT_EQ(places.size(), 1200U);
  EXPECT_GT(silhouette(clusters, places), 0.8);
  const auto trust = trustworthiness(clusters.vectors(), places, 15, 600, 2);
  EXPECT_GT(*trust, 0.9);
}

TEST(Umap, IsTheSameForTheSameSeedWhateverTheThreads) {
  const auto clusters = make_clusters(400, 64, 5, 0.05);
  UmapConfig config;
  config.epochs = 30;
  config.seed = 7;
  const auto places = umap(clusters.vectors(), config, 1);
  EXPECT_EQ(umap(clusters.vectors(), config, 1), places);
  EXPECT_EQ(umap(clusters.vectors(), config, 2), places);
  config.seed = 8;
  EXPECT_NE(umap(clusters.vectors(), config, 1), places);
}

TEST(Umap, ShowsEveryEpochAndEndsWhenTold) {
  const auto clusters = make_clusters(200, 16, 4, 0.05);
  UmapConfig config;
  config.epochs = 20;
  int64_t num_found = 0;
  std::vector<int64_t> epochs;
  std::vector<float> seen;
  const auto places =
      umap(clusters.vectors(), config, 2, [&](const Step& step) {
        if (step.stage == Stage::kNeighbours) {
          num_found = step.done;
          EXPECT_EQ(step.total, 200);
          return true;
        }
        EXPECT_EQ(step.total, 20);
        epochs.push_back(step.done);
        seen.assign(step.places.begin(), step.places.end());
        return step.done < 3;
      });
  EXPECT_EQ(num_found, 200);
  EXPECT_EQ(epochs, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(places, seen);
}

TEST(Umap, EndsWhileItLooksForNeighbours) {
  const auto clusters = make_clusters(500, 16, 4, 0.05);
  bool has_begun = false;
  const auto places = umap(clusters.vectors(), {}, 1, [&](const Step& step) {
    has_begun = has_begun || step.stage == Stage::kLayout;
    return false;
  });
  EXPECT_FALSE(has_begun);
  EXPECT_EQ(places.size(), 1000U);  // where the components put them
}

TEST(Umap, TakesFewImagesAndEqualOnes) {
  const auto clusters = make_clusters(3, 8, 3, 0.01);
  for (const float place : umap(clusters.vectors(), {}, 1)) {
    EXPECT_TRUE(std::isfinite(place));
  }
  auto twins = make_clusters(60, 8, 3, 0.01);
  for (size_t i = 8; i < 160; ++i) {
    twins.values[i] = twins.values[i % 8];
  }
  for (const float place : umap(twins.vectors(), {}, 1)) {
    EXPECT_TRUE(std::isfinite(place));
  }
}

TEST(Umap, RefusesWhatItCannotPlace) {
  const auto clusters = make_clusters(20, 8, 2, 0.1);
  const auto refuses = [&](int64_t size, const UmapConfig& config) {
    auto vectors = clusters.vectors();
    vectors.size = size;
    EXPECT_THROW(static_cast<void>(umap(vectors, config, 1)), Error);
  };
  refuses(1, {});
  refuses(2, {});
  UmapConfig config;
  config.neighbours = 1;
  refuses(20, config);
  config = {};
  config.min_dist = -0.1;
  refuses(20, config);
  config = {};
  config.epochs = -1;
  refuses(20, config);
  const std::vector<float> same(40, 0.5F);
  EXPECT_THROW(static_cast<void>(umap({same.data(), 10, 4}, {}, 1)), Error);
}

}  // namespace
}  // namespace nadir::atlas
