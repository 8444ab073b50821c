#include "search/exact_search.h"

#include <algorithm>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/parallel.h"
#include "kernels/dot.h"
#include "search/nearest_heap.h"

namespace nadir::search {
namespace {

// The best of rows begin .. end - 1, in no order.
Neighbours best_of(
    const Vectors& vectors,
    std::span<const float> query,
    int64_t count,
    const Accept& accept,
    int64_t begin,
    int64_t end) {
  NearestHeap best(count);
  for (int64_t row = begin; row < end; ++row) {
    const Neighbour one{
        row,
        kernels::dot(vectors.row(row).data(), query.data(), vectors.width)};
    if (best.takes(one) && (!accept || accept(one))) {
      best.add(one);
    }
  }
  return best.take();
}

}  // namespace

Neighbours find_nearest(
    const Vectors& vectors,
    std::span<const float> query,
    int64_t count,
    int num_threads,
    const Accept& accept) {
  NADIR_CHECK(count > 0, "count must be > 0, got {}", count);
  NADIR_CHECK(
      static_cast<int64_t>(query.size()) == vectors.width,
      "the query has {} numbers, the embeddings have {}",
      query.size(),
      vectors.width);
  constexpr int64_t kShare = 4096;  // the same for any number of threads
  const int64_t num_shares = ceil_div(vectors.size, kShare);
  std::vector<Neighbours> found(static_cast<size_t>(num_shares));
  parallel_for(
      vectors.size, kShare, num_threads, [&](int64_t begin, int64_t end) {
        found[static_cast<size_t>(begin / kShare)] =
            best_of(vectors, query, count, accept, begin, end);
      });
  Neighbours all;
  for (const auto& part : found) {
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  if (static_cast<int64_t>(all.size()) > count) {
    all.resize(static_cast<size_t>(count));
  }
  return all;
}

}  // namespace nadir::search
