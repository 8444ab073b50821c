#include "atlas/umap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include <umappp/umappp.hpp>

#include "atlas/pca.h"
#include "core/error.h"
#include "core/random.h"
#include "kernels/dot.h"
#include "search/all_neighbours.h"

namespace nadir::atlas {
namespace {

using NeighbourLists = umappp::NeighborList<int, float>;

// Thrown through the search for neighbours, to end it.
struct Ended {};

void check(const search::Vectors& vectors, const UmapConfig& config) {
  NADIR_CHECK(
      vectors.size >= 3 && vectors.size <= std::numeric_limits<int>::max(),
      "UMAP needs at least 3 images, got {}; --method pca takes 2",
      vectors.size);
  NADIR_CHECK(
      config.neighbours >= 2,
      "neighbours must be >= 2, got {}",
      config.neighbours);
  NADIR_CHECK(
      config.min_dist >= 0 && config.min_dist <= 1,
      "min_dist must be between 0 and 1, got {}",
      config.min_dist);
  constexpr int64_t kMaxEpochs = 100000;
  NADIR_CHECK(
      config.epochs >= 0 && config.epochs <= kMaxEpochs,
      "epochs must be between 0 (by the number of images) and {}, got {}",
      kMaxEpochs,
      config.epochs);
}

// Each row brought to length 1; one of nothing but 0 stays.
void make_unit_rows(std::vector<float>& values, int64_t width) {
  for (auto row = values.begin(); row != values.end(); row += width) {
    const double length = std::sqrt(kernels::dot(&*row, &*row, width));
    if (length > 0) {
      std::transform(row, row + width, row, [&](float value) {
        return static_cast<float>(value / length);
      });
    }
  }
}

// The first two of `count` columns; the largest magnitude becomes 10, as in the
// authors' implementation, whose noise keeps equal images apart.
std::vector<float> first_places(
    const std::vector<float>& columns, int64_t count, uint64_t seed) {
  constexpr double kExtent = 10;
  constexpr double kNoise = 1e-4;
  RandomStream random(seed, StreamPurpose::kInit);
  float largest = 0;
  for (size_t i = 0; i < columns.size(); i += static_cast<size_t>(count)) {
    largest = std::max(largest, std::abs(columns[i]));
  }
  std::vector<float> places;
  for (size_t i = 0; i < columns.size(); i += static_cast<size_t>(count)) {
    for (size_t d = 0; d < 2; ++d) {
      const double value = d < static_cast<size_t>(count) ? columns[i + d] : 0;
      places.push_back(static_cast<float>(
          value * kExtent / largest + kNoise * random.normal()));
    }
  }
  return places;
}

// As umappp has them: Euclidean distances between vectors of length 1.
NeighbourLists distances_of(const std::vector<search::Neighbours>& neighbours) {
  NeighbourLists lists;
  lists.reserve(neighbours.size());
  for (const auto& some : neighbours) {
    auto& list = lists.emplace_back();
    for (const auto& one : some) {
      list.emplace_back(
          static_cast<int>(one.row),
          std::sqrt(std::max(0.0F, 2 - 2 * one.similarity)));
    }
  }
  return lists;
}

umappp::Options options_of(const UmapConfig& config, int num_threads) {
  umappp::Options options;
  options.min_dist = config.min_dist;
  options.initialize_method = umappp::InitializeMethod::NONE;
  options.optimize_seed = mix_hash(static_cast<uint64_t>(config.seed), 1);
  options.num_threads = std::max(1, num_threads);
  if (config.epochs > 0) {
    options.num_epochs = static_cast<int>(config.epochs);
  }
  return options;
}

}  // namespace

std::vector<float> umap(
    const search::Vectors& vectors,
    const UmapConfig& config,
    int num_threads,
    const Watch& watch) {
  check(vectors, config);
  const auto components =
      principal_components(vectors, kUmapWidth, num_threads);
  auto columns = project(vectors, components, num_threads);
  auto places = first_places(
      columns, components.count, static_cast<uint64_t>(config.seed));
  search::Vectors near = vectors;
  if (vectors.width > kUmapWidth) {
    make_unit_rows(columns, components.count);
    near = {columns.data(), vectors.size, components.count};
  }

  int64_t done = 0;
  std::mutex mutex;
  std::vector<search::Neighbours> neighbours;
  try {
    neighbours = search::all_neighbours(
        near,
        std::min(config.neighbours, vectors.size - 1),
        num_threads,
        [&](int64_t count) {
          const std::lock_guard lock(mutex);
          done += count;
          if (watch &&
              !watch({Stage::kNeighbours, done, vectors.size, places})) {
            throw Ended();
          }
        });
  } catch (const Ended&) {
    return places;
  }

  auto status = umappp::initialize<int, float>(
      distances_of(neighbours),
      2,
      places.data(),
      options_of(config, num_threads));
  neighbours = {};
  while (status.epoch() < status.num_epochs()) {
    status.run(places.data(), status.epoch() + 1);
    if (watch &&
        !watch({Stage::kLayout, status.epoch(), status.num_epochs(), places})) {
      break;
    }
  }
  return places;
}

}  // namespace nadir::atlas
