#include "search/exact_search.h"

#include <algorithm>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/parallel.h"
#include "kernels/dot.h"

namespace nadir::search {
namespace {

// The best of rows begin .. end - 1: a heap whose front is the worst of them.
Neighbours best_of(
    const Vectors& vectors,
    std::span<const float> query,
    int64_t count,
    const Accept& accept,
    int64_t begin,
    int64_t end) {
  Neighbours best;
  for (int64_t row = begin; row < end; ++row) {
    const Neighbour one{
        row,
        kernels::dot(vectors.row(row).data(), query.data(), vectors.width)};
    const bool is_full = static_cast<int64_t>(best.size()) == count;
    if ((is_full && !(one < best.front())) || (accept && !accept(one))) {
      continue;
    }
    if (is_full) {
      std::pop_heap(best.begin(), best.end());
      best.pop_back();
    }
    best.push_back(one);
    std::push_heap(best.begin(), best.end());
  }
  return best;
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
