#include "atlas/projection.h"

#include <algorithm>
#include <mutex>

#include "atlas/pca.h"
#include "atlas/trustworthiness.h"
#include "atlas/umap.h"
#include "core/error.h"

namespace nadir::atlas {
namespace {

constexpr int64_t kPlane = 2;

void set_components(
    const search::Vectors& vectors, int num_threads, Atlas& atlas) {
  const auto components = principal_components(vectors, kPlane, num_threads);
  const auto columns = project(vectors, components, num_threads);
  for (int64_t i = 0; i < vectors.size; ++i) {
    for (int64_t d = 0; d < kPlane; ++d) {
      const int64_t place = i * components.count + d;
      atlas.places.push_back(
          d < components.count ? columns[static_cast<size_t>(place)] : 0);
    }
  }
  for (const double variance : components.variances) {
    atlas.explained.push_back(variance / components.total_variance);
  }
}

void set_layout(
    const search::Vectors& vectors,
    const ProjectionOptions& options,
    const Watch& watch,
    bool& is_ended,
    Atlas& atlas) {
  atlas.umap = options.umap;
  atlas.umap.neighbours = std::min(options.umap.neighbours, vectors.size - 1);
  atlas.places =
      umap(vectors, options.umap, options.num_threads, [&](const Step& step) {
        if (step.stage == Stage::kLayout) {
          atlas.umap.epochs = step.done;
        }
        is_ended = watch && !watch(step);
        return !is_ended;
      });
}

// Thrown through the measurement, to end it.
struct TrustEnded {};

std::optional<double> measure_trust(
    const search::Vectors& vectors,
    std::span<const float> places,
    int num_threads,
    const Watch& watch) {
  const int64_t total = std::min(kTrustImages, vectors.size);
  int64_t done = 0;
  if (watch && !watch({Stage::kTrust, done, total, places})) {
    return std::nullopt;
  }
  std::mutex mutex;
  try {
    return trustworthiness(
        vectors,
        places,
        std::min(kTrustNeighbours, (vectors.size - 1) / 2),
        kTrustImages,
        num_threads,
        [&](int64_t count) {
          const std::lock_guard lock(mutex);
          done += count;
          if (watch && !watch({Stage::kTrust, done, total, places})) {
            throw TrustEnded();
          }
        });
  } catch (const TrustEnded&) {
    return std::nullopt;
  }
}

}  // namespace

Atlas make_atlas(
    const search::Embeddings& embeddings,
    const ProjectionOptions& options,
    const Watch& watch) {
  NADIR_CHECK(
      options.method == "pca" || options.method == "umap",
      "method must be pca or umap, got '{}'",
      options.method);
  Atlas atlas;
  atlas.method = options.method;
  for (int64_t i = 0; i < embeddings.size(); ++i) {
    atlas.names.push_back(embeddings.name(i));
  }
  bool is_ended = false;
  if (options.method == "pca") {
    set_components(embeddings, options.num_threads, atlas);
  } else {
    set_layout(embeddings, options, watch, is_ended, atlas);
  }
  if (!is_ended && embeddings.size() > 2) {
    atlas.trustworthiness =
        measure_trust(embeddings, atlas.places, options.num_threads, watch);
  }
  return atlas;
}

}  // namespace nadir::atlas
