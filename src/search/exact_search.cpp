#include "search/exact_search.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/parallel.h"
#include "kernels/dot.h"

namespace nadir::search {
namespace {

// The best of rows begin .. end - 1: a heap whose front is the worst of them.
Neighbours best_of(
    const Embeddings& embeddings,
    const std::vector<float>& query,
    int64_t count,
    const Accept& accept,
    int64_t begin,
    int64_t end) {
  Neighbours best;
  for (int64_t row = begin; row < end; ++row) {
    const Neighbour one{
        row,
        kernels::dot(
            embeddings.row(row).data(), query.data(), embeddings.width())};
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

std::vector<float> unit_query(
    const Embeddings& embeddings, std::span<const float> query) {
  NADIR_CHECK(
      static_cast<int64_t>(query.size()) == embeddings.width(),
      "the query has {} numbers, the embeddings have {}",
      query.size(),
      embeddings.width());
  const double length =
      std::sqrt(kernels::dot(query.data(), query.data(), embeddings.width()));
  NADIR_CHECK(
      std::isfinite(length) && length > 0,
      "the query has length {}: there is nothing to look for",
      length);
  std::vector<float> unit(query.begin(), query.end());
  for (float& value : unit) {
    value = static_cast<float>(value / length);
  }
  return unit;
}

Neighbours find_nearest(
    const Embeddings& embeddings,
    std::span<const float> query,
    int64_t count,
    int num_threads,
    const Accept& accept) {
  NADIR_CHECK(count > 0, "count must be > 0, got {}", count);
  const auto unit = unit_query(embeddings, query);
  constexpr int64_t kShare = 4096;  // the same for any number of threads
  const int64_t num_shares = (embeddings.size() + kShare - 1) / kShare;
  std::vector<Neighbours> found(static_cast<size_t>(num_shares));
  parallel_for(
      embeddings.size(), kShare, num_threads, [&](int64_t begin, int64_t end) {
        found[static_cast<size_t>(begin / kShare)] =
            best_of(embeddings, unit, count, accept, begin, end);
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
