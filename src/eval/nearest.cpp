#include "eval/nearest.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <hwy/cache_control.h>

#include "core/aligned.h"
#include "core/error.h"
#include "eval/candidates.h"
#include "eval/nearest_by_float32.h"
#include "kernels/dot.h"
#include "kernels/greater.h"
#include "kernels/int16_gemm.h"

namespace nadir::eval {
namespace {

// Train images that are looked at between questions whether to go on,
constexpr int64_t kTrainBlock = 48 * 256;
// in tiles of so many.
constexpr int64_t kTrainTile = 48;
// Train images by which is guessed what a near one is.
constexpr int64_t kSample = 1024;
// Products of float32 with all images take as long as those with so many times
// fewer, one by one.
constexpr int64_t kScreeningGain = 64;

// The place of the k-th nearest of all among a sample of them is at this one
// or before it, but for one in tens of thousands.
int64_t guessed_place(int64_t k, int64_t num_train) {
  const double expected =
      static_cast<double>(k) * kSample / static_cast<double>(num_train);
  return static_cast<int64_t>(
      std::ceil(expected + 4 * std::sqrt(expected) + 4));
}

// Who may be nearest to each of a block of test images, by products of 16 bits.
class Screening {
 public:
  Screening(const FixedPointRows& test, int64_t dim, const Wanted& wanted)
      : dim_(dim),
        num_rows_(test.values_ND.size(0)),
        wanted_(wanted),
        num_cols_(kernels::int16_padded_cols(num_rows_)),
        packed_(num_cols_ * kernels::int16_row_size(dim)),
        products_(kTrainTile * num_cols_),
        lists_(static_cast<size_t>(num_rows_), CandidateList(wanted)),
        floors_(static_cast<size_t>(num_cols_), CandidateList::kNone),
        places_(static_cast<size_t>(num_cols_)) {
    kernels::int16_pack(test.row(0), dim, num_rows_, packed_.data());
  }

  // A guess of how near the nearest are spares most of the lists' work, and
  // rows with too many about as near all of it.
  void guess_floors(const at::Tensor& sample, int64_t num_train) {
    const int64_t place = guessed_place(wanted_.k, num_train);
    if (sample.size(0) < 2 * place) {
      return;
    }
    lists_.assign(
        lists_.size(), CandidateList({place, wanted_.margin, sample.size(0)}));
    see(sample.const_data_ptr<int16_t>(), 0, sample.size(0));
    for (CandidateList& list : lists_) {
      (void)list.finish();
      const auto num_near = static_cast<int64_t>(list.candidates().size());
      list = CandidateList(wanted_, list.floor());
      if (num_near * wanted_.k > wanted_.longest * place) {
        list.give_up();
      }
    }
  }

  // Rows for which the guess was too high are looked through again.
  void look_through(
      const FixedPointRows& train, const std::function<void()>& before_block) {
    see_all(train, before_block);
    if (!finish_lists()) {
      see_all(train, before_block);
      (void)finish_lists();
    }
  }

  [[nodiscard]] const CandidateList& list(int64_t row) const {
    return lists_[static_cast<size_t>(row)];
  }

 private:
  // Whether all are; the others begin anew.
  bool finish_lists() {
    bool is_all = true;
    for (CandidateList& list : lists_) {
      if (list.is_too_long() || list.finish()) {
        list.close();
      } else {
        list = CandidateList(wanted_);
        is_all = false;
      }
    }
    return is_all;
  }

  void see_all(
      const FixedPointRows& train, const std::function<void()>& before_block) {
    if (std::all_of(
            lists_.begin(), lists_.end(), [](const CandidateList& list) {
              return list.is_too_long();
            })) {
      return;
    }
    const int64_t num_train = train.values_ND.size(0);
    for (int64_t first = 0; first < num_train; first += kTrainBlock) {
      if (before_block) {
        before_block();
      }
      see(train.row(first), first, std::min(kTrainBlock, num_train - first));
    }
  }

  // Train images from `first` on.
  void see(const int16_t* train, int64_t first, int64_t count) {
    for (size_t row = 0; row < lists_.size(); ++row) {
      floors_[row] = lists_[row].floor();
    }
    for (int64_t n = 0; n < count; n += kTrainTile) {
      const int64_t tile = std::min(kTrainTile, count - n);
      kernels::int16_gemm(
          train + n * kernels::int16_row_size(dim_),
          tile,
          dim_,
          packed_.data(),
          num_rows_,
          products_.data());
      for (int64_t i = 0; i < tile; ++i) {
        offer(products_.data() + i * num_cols_, first + n + i);
      }
    }
  }

  // A train image's products with all rows; few are above their floor.
  void offer(const int32_t* products, int64_t index) {
    const int64_t found = kernels::find_greater(
        products, floors_.data(), num_cols_, places_.data());
    for (int64_t i = 0; i < found; ++i) {
      const auto row = static_cast<size_t>(places_[static_cast<size_t>(i)]);
      lists_[row].offer(products[row], static_cast<int32_t>(index));
      floors_[row] = lists_[row].floor();
    }
  }

  int64_t dim_;
  int64_t num_rows_;
  Wanted wanted_;
  int64_t num_cols_;
  Aligned<int16_t> packed_;
  Aligned<int32_t> products_;
  std::vector<CandidateList> lists_;
  std::vector<int32_t> floors_;  // of the lists; none passes past them
  std::vector<int32_t> places_;
};

// The nearest `k` of candidates, by their features.
std::vector<Neighbour> nearest_of(
    const std::vector<Candidate>& candidates,
    const float* test,
    const at::Tensor& train_ND,
    int64_t k) {
  // Rows lie anywhere in memory: asked for two ahead.
  constexpr size_t kAhead = 2;
  constexpr int64_t kLineFloats = 16;
  const int64_t dim = train_ND.size(1);
  const float* const train = train_ND.const_data_ptr<float>();
  std::vector<Neighbour> nearest;
  nearest.reserve(candidates.size());
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i + kAhead < candidates.size()) {
      const float* const next = train + candidates[i + kAhead].index * dim;
      for (int64_t t = 0; t < dim; t += kLineFloats) {
        hwy::Prefetch(next + t);
      }
    }
    const int32_t index = candidates[i].index;
    nearest.push_back({kernels::dot(test, train + index * dim, dim), index});
  }
  std::sort(nearest.begin(), nearest.end());  // few are more than k
  nearest.resize(static_cast<size_t>(k));
  return nearest;
}

}  // namespace

// Products of one test image with all train images differ by the same from
// those with train images less their mean: the order stays, numbers are finer.
NearestImages::NearestImages(at::Tensor train_ND)
    : train_ND_(std::move(train_ND)),
      fixed_(to_fixed_point(train_ND_, train_ND_.mean(0))) {
  const int64_t num_train = train_ND_.size(0);
  const int64_t size = num_train < 4 * kSample ? 0 : kSample;
  sample_ = fixed_.values_ND.index_select(
      0, (at::arange(size) * num_train).floor_divide(kSample));
}

std::vector<std::vector<Neighbour>> NearestImages::find(
    const at::Tensor& test_MD,
    int64_t k,
    const std::function<void()>& before_block) const {
  const int64_t dim = test_MD.size(1);
  const auto test = to_fixed_point(test_MD, at::zeros({dim}));
  // Either of two products may be off.
  const auto margin = static_cast<int64_t>(
      std::min(4.0e9, std::ceil(2 * product_error(test, fixed_, dim))));
  Screening screening(
      test, dim, {k, margin, 2 * k + train_ND_.size(0) / kScreeningGain});
  screening.guess_floors(sample_, train_ND_.size(0));
  screening.look_through(fixed_, before_block);

  std::vector<std::vector<Neighbour>> nearest(
      static_cast<size_t>(test_MD.size(0)));
  std::vector<int64_t> not_told_apart;
  for (int64_t row = 0; row < test_MD.size(0); ++row) {
    const CandidateList& list = screening.list(row);
    if (list.is_too_long()) {
      not_told_apart.push_back(row);
    } else {
      nearest[static_cast<size_t>(row)] = nearest_of(
          list.candidates(),
          test_MD.const_data_ptr<float>() + row * dim,
          train_ND_,
          k);
    }
  }
  if (!not_told_apart.empty()) {
    auto by_float32 = nearest_by_float32(
        train_ND_,
        test_MD.index_select(0, at::tensor(not_told_apart)),
        k,
        before_block);
    for (size_t i = 0; i < not_told_apart.size(); ++i) {
      nearest[static_cast<size_t>(not_told_apart[i])] =
          std::move(by_float32[i]);
    }
  }
  return nearest;
}

}  // namespace nadir::eval
