#include "search/all_neighbours.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"
#include "search/nearest_of_many.h"

namespace nadir::search {
namespace {

// Vectors whose neighbours are looked for together.
constexpr int64_t kQueries = 256;

}  // namespace

std::vector<Neighbours> all_neighbours(
    const Vectors& vectors,
    int64_t count,
    int num_threads,
    const OnVectors& on_vectors) {
  NADIR_CHECK(count > 0, "count must be > 0, got {}", count);
  if (vectors.size == 0) {
    return {};
  }
  std::vector<Neighbours> lists(static_cast<size_t>(vectors.size));
  const NearestOfMany nearest(vectors, num_threads);
  const int64_t with_itself = std::min(count + 1, vectors.size);
  parallel_for(
      vectors.size, kQueries, num_threads, [&](int64_t begin, int64_t end) {
        auto found = nearest.find(
            {vectors.row(begin).data(), end - begin, vectors.width},
            with_itself);
        for (int64_t row = begin; row < end; ++row) {
          Neighbours& list = found[static_cast<size_t>(row - begin)];
          // Where more are equal to it, it may not be among those found.
          std::erase_if(
              list, [&](const Neighbour& one) { return one.row == row; });
          list.resize(static_cast<size_t>(with_itself - 1));
          lists[static_cast<size_t>(row)] = std::move(list);
        }
        if (on_vectors) {
          on_vectors(end - begin);
        }
      });
  return lists;
}

}  // namespace nadir::search
