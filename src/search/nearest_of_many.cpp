#include "search/nearest_of_many.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "core/aligned.h"
#include "kernels/dot.h"
#include "kernels/greater.h"
#include "kernels/int16_gemm.h"
#include "search/candidates.h"
#include "search/nearest_by_float32.h"

namespace nadir::search {
namespace {

// Vectors that are looked at between questions whether to go on,
constexpr int64_t kBlock = 48 * 256;
// in tiles of so many.
constexpr int64_t kTile = 48;
// Vectors by which is guessed what a near one is.
constexpr int64_t kSample = 1024;
// Products of float32 with all vectors take as long as those with so many times
// fewer, one by one.
constexpr int64_t kScreeningGain = 64;

// The place of the k-th nearest of all among a sample of them is at this one
// or before it, but for one in tens of thousands.
int64_t guessed_place(int64_t k, int64_t num_vectors) {
  const double expected =
      static_cast<double>(k) * kSample / static_cast<double>(num_vectors);
  return static_cast<int64_t>(
      std::ceil(expected + 4 * std::sqrt(expected) + 4));
}

// Who may be nearest to each of some queries, by products of 16 bits.
class Screening {
 public:
  Screening(
      const FixedPointVectors& queries,
      int64_t width,
      const CandidateLimits& limits)
      : width_(width),
        num_queries_(queries.size()),
        limits_(limits),
        num_cols_(kernels::int16_padded_cols(num_queries_)),
        packed_(num_cols_ * kernels::int16_row_size(width)),
        products_(kTile * num_cols_),
        lists_(static_cast<size_t>(num_queries_), CandidateList(limits)),
        floors_(static_cast<size_t>(num_cols_), CandidateList::kNone),
        places_(static_cast<size_t>(num_cols_)) {
    kernels::int16_pack(queries.row(0), width, num_queries_, packed_.data());
  }

  // A guess of how near the nearest are spares most of the lists' work, and
  // queries with too many about as near all of it.
  void guess_floors(const std::vector<int16_t>& sample, int64_t num_vectors) {
    const int64_t place = guessed_place(limits_.k, num_vectors);
    const auto size =
        static_cast<int64_t>(sample.size()) / kernels::int16_row_size(width_);
    if (size < 2 * place) {
      return;
    }
    lists_.assign(lists_.size(), CandidateList({place, limits_.margin, size}));
    see(sample.data(), 0, size);
    for (CandidateList& list : lists_) {
      (void)list.finish();
      const auto num_near = static_cast<int64_t>(list.candidates().size());
      list = CandidateList(limits_, list.floor());
      if (num_near * limits_.k > limits_.longest * place) {
        list.give_up();
      }
    }
  }

  // Those for which the guess was too high are looked through again.
  void look_through(
      const FixedPointVectors& vectors,
      const std::function<void()>& before_block) {
    see_all(vectors, before_block);
    if (!finish_lists()) {
      see_all(vectors, before_block);
      (void)finish_lists();
    }
  }

  [[nodiscard]] const CandidateList& list(int64_t query) const {
    return lists_[static_cast<size_t>(query)];
  }

 private:
  // Whether all are; the others begin anew.
  bool finish_lists() {
    bool is_all = true;
    for (CandidateList& list : lists_) {
      if (list.is_too_long() || list.finish()) {
        list.close();
      } else {
        list = CandidateList(limits_);
        is_all = false;
      }
    }
    return is_all;
  }

  void see_all(
      const FixedPointVectors& vectors,
      const std::function<void()>& before_block) {
    if (std::all_of(
            lists_.begin(), lists_.end(), [](const CandidateList& list) {
              return list.is_too_long();
            })) {
      return;
    }
    const int64_t num_vectors = vectors.size();
    for (int64_t first = 0; first < num_vectors; first += kBlock) {
      if (before_block) {
        before_block();
      }
      see(vectors.row(first), first, std::min(kBlock, num_vectors - first));
    }
  }

  // Vectors from `first` on.
  void see(const int16_t* vectors, int64_t first, int64_t count) {
    for (size_t query = 0; query < lists_.size(); ++query) {
      floors_[query] = lists_[query].floor();
    }
    for (int64_t n = 0; n < count; n += kTile) {
      const int64_t tile = std::min(kTile, count - n);
      kernels::int16_gemm(
          {vectors + n * kernels::int16_row_size(width_),
           tile,
           width_,
           packed_.data(),
           num_queries_,
           products_.data()});
      for (int64_t i = 0; i < tile; ++i) {
        offer(products_.data() + i * num_cols_, first + n + i);
      }
    }
  }

  // A vector's products with all queries; few are above their floor.
  void offer(const int32_t* products, int64_t row) {
    const int64_t found = kernels::find_greater(
        products, floors_.data(), num_cols_, places_.data());
    for (int64_t i = 0; i < found; ++i) {
      const auto query = static_cast<size_t>(places_[static_cast<size_t>(i)]);
      lists_[query].offer(products[query], static_cast<int32_t>(row));
      floors_[query] = lists_[query].floor();
    }
  }

  int64_t width_;
  int64_t num_queries_;
  CandidateLimits limits_;
  int64_t num_cols_;
  Aligned<int16_t> packed_;
  Aligned<int32_t> products_;
  std::vector<CandidateList> lists_;
  std::vector<int32_t> floors_;  // of the lists; none passes past them
  std::vector<int32_t> places_;
};

// The nearest `count` of those named, by their vectors; `row_of` tells whom an
// element names.
template <class Named, class RowOf>
Neighbours nearest_of(
    const std::vector<Named>& named,
    RowOf&& row_of,
    std::span<const float> query,
    const Vectors& vectors,
    int64_t count) {
  // They lie anywhere in memory: asked for two ahead.
  constexpr size_t kAhead = 2;
  constexpr int64_t kLineFloats = 16;
  Neighbours nearest;
  nearest.reserve(named.size());
  for (size_t i = 0; i < named.size(); ++i) {
    if (i + kAhead < named.size()) {
      const float* const next = vectors.row(row_of(named[i + kAhead])).data();
      for (int64_t t = 0; t < vectors.width; t += kLineFloats) {
        __builtin_prefetch(next + t);
      }
    }
    const int64_t row = row_of(named[i]);
    nearest.push_back(
        {row,
         kernels::dot(query.data(), vectors.row(row).data(), vectors.width)});
  }
  std::sort(nearest.begin(), nearest.end());  // few are more than `count`
  nearest.resize(static_cast<size_t>(count));
  return nearest;
}

std::vector<int64_t> rows_of_sample(int64_t num_vectors) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < kSample && num_vectors >= 4 * kSample; ++i) {
    rows.push_back(i * num_vectors / kSample);
  }
  return rows;
}

// The mean of the rows, or of all where there are none.
std::vector<float> mean_of(
    const Vectors& vectors, const std::vector<int64_t>& rows) {
  const int64_t size =
      rows.empty() ? vectors.size : static_cast<int64_t>(rows.size());
  std::vector<double> sums(static_cast<size_t>(vectors.width));
  for (int64_t i = 0; i < size; ++i) {
    const auto row =
        vectors.row(rows.empty() ? i : rows[static_cast<size_t>(i)]);
    for (size_t t = 0; t < sums.size(); ++t) {
      sums[t] += row[t];
    }
  }
  std::vector<float> mean;
  for (const double sum : sums) {
    mean.push_back(static_cast<float>(sum / static_cast<double>(size)));
  }
  return mean;
}

}  // namespace

// Products of one query with all vectors differ by the same from those with
// vectors less any other: the order stays, and less their mean numbers are
// finer.
NearestOfMany::NearestOfMany(const Vectors& vectors, int num_threads)
    : vectors_(vectors) {
  const auto rows = rows_of_sample(vectors.size);
  fixed_ = to_fixed_point(vectors, mean_of(vectors, rows), num_threads);
  for (const int64_t row : rows) {
    sample_.insert(sample_.end(), fixed_.row(row), fixed_.row(row + 1));
  }
}

std::vector<Neighbours> NearestOfMany::find(
    const Vectors& queries,
    int64_t count,
    const std::function<void()>& before_block) const {
  const int64_t width = vectors_.width;
  const std::vector<float> no_centre(static_cast<size_t>(width));
  const auto fixed_queries = to_fixed_point(queries, no_centre, 1);
  // Either of two products may be off.
  const auto margin = static_cast<int64_t>(std::min(
      4.0e9, std::ceil(2 * product_error(fixed_queries, fixed_, width))));
  Screening screening(
      fixed_queries,
      width,
      {count, margin, 2 * count + vectors_.size / kScreeningGain});
  screening.guess_floors(sample_, vectors_.size);
  screening.look_through(fixed_, before_block);

  std::vector<Neighbours> nearest(static_cast<size_t>(queries.size));
  std::vector<int64_t> not_told_apart;
  for (int64_t query = 0; query < queries.size; ++query) {
    const CandidateList& list = screening.list(query);
    if (list.is_too_long()) {
      not_told_apart.push_back(query);
    } else {
      nearest[static_cast<size_t>(query)] = nearest_of(
          list.candidates(),
          [](const Candidate& one) { return one.row; },
          queries.row(query),
          vectors_,
          count);
    }
  }
  if (not_told_apart.empty()) {
    return nearest;
  }
  const auto by_float32 = nearest_by_float32(
      vectors_, queries, not_told_apart, count, before_block);
  for (size_t i = 0; i < not_told_apart.size(); ++i) {
    nearest[static_cast<size_t>(not_told_apart[i])] = nearest_of(
        by_float32[i],
        [](const Neighbour& one) { return one.row; },
        queries.row(not_told_apart[i]),
        vectors_,
        count);
  }
  return nearest;
}

}  // namespace nadir::search
