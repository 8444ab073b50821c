#include "search/all_neighbours.h"

#include "core/error.h"
#include "core/parallel.h"
#include "search/exact_search.h"
#include "search/graph_search.h"

namespace nadir::search {
namespace {

constexpr int64_t kShare = 64;

std::vector<Neighbours> neighbours_by_all(
    const Vectors& vectors,
    int64_t count,
    int num_threads,
    const OnVectors& on_vectors) {
  std::vector<Neighbours> lists(static_cast<size_t>(vectors.size));
  parallel_for(
      vectors.size, kShare, num_threads, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          lists[static_cast<size_t>(row)] = find_nearest(
              vectors, vectors.row(row), count, 1, [&](const Neighbour& one) {
                return one.row != row;
              });
        }
        if (on_vectors) {
          on_vectors(end - begin);
        }
      });
  return lists;
}

}  // namespace

int64_t num_told(int64_t num_vectors) {
  return num_vectors > kMaxExact ? 2 * num_vectors : num_vectors;
}

std::vector<Neighbours> all_neighbours(
    const Vectors& vectors,
    int64_t count,
    int num_threads,
    const OnVectors& on_vectors) {
  NADIR_CHECK(count > 0, "count must be > 0, got {}", count);
  if (vectors.size <= kMaxExact) {
    return neighbours_by_all(vectors, count, num_threads, on_vectors);
  }
  auto graph = Graph::build(vectors, {}, num_threads, on_vectors);
  return graph.neighbours_of_all(vectors, count, num_threads, on_vectors);
}

}  // namespace nadir::search
