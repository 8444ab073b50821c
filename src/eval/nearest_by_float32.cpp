#include "eval/nearest_by_float32.h"

#include <algorithm>
#include <limits>

#include "core/aligned.h"
#include "kernels/gemm.h"
#include "kernels/greater.h"

namespace nadir::eval {
namespace {

constexpr int64_t kFloatTile = 48;
constexpr int64_t kTilesBetweenQuestions = 256;

// The k nearest seen so far: a heap, the farthest first.
class NearestHeap {
 public:
  explicit NearestHeap(int64_t k) : k_(static_cast<size_t>(k)) {}

  // What is no greater need not be offered: of equal ones the first stays.
  [[nodiscard]] float floor() const {
    return heap_.size() < k_ ? -std::numeric_limits<float>::infinity()
                             : heap_.front().similarity;
  }

  // Called with ascending indices.
  void offer(const Neighbour& one) {
    if (heap_.size() == k_) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back(one);
    std::push_heap(heap_.begin(), heap_.end());
  }

  // Nearest first.
  std::vector<Neighbour> take() {
    std::sort_heap(heap_.begin(), heap_.end());
    return std::move(heap_);
  }

 private:
  size_t k_;
  std::vector<Neighbour> heap_;
};

}  // namespace

std::vector<std::vector<Neighbour>> nearest_by_float32(
    const at::Tensor& train_ND,
    const at::Tensor& test_MD,
    int64_t k,
    const std::function<void()>& before_block) {
  const int64_t num_train = train_ND.size(0);
  const int64_t num_test = test_MD.size(0);
  const int64_t dim = train_ND.size(1);
  const kernels::MatrixView train = {train_ND.const_data_ptr<float>(), dim};
  AlignedFloats packed(kernels::gemm_packed_size(dim, num_test));
  AlignedFloats scratch(kernels::gemm_scratch_size(dim));
  AlignedFloats similarities(kFloatTile * num_test);
  kernels::gemm_pack(
      {test_MD.const_data_ptr<float>(), dim, true},
      dim,
      num_test,
      packed.data());
  std::vector<NearestHeap> heaps(static_cast<size_t>(num_test), NearestHeap(k));
  std::vector<float> floors(heaps.size(), heaps.front().floor());
  std::vector<int32_t> places(heaps.size());
  for (int64_t n = 0; n < num_train; n += kFloatTile) {
    if (before_block && n % (kFloatTile * kTilesBetweenQuestions) == 0) {
      before_block();
    }
    const int64_t tile = std::min(kFloatTile, num_train - n);
    kernels::gemm(
        {train.at(n, 0),
         tile,
         dim,
         packed.data(),
         num_test,
         kernels::GemmInit::kReplace,
         nullptr,
         similarities.data(),
         num_test,
         scratch.data()});
    for (int64_t i = 0; i < tile; ++i) {
      const float* const row = similarities.data() + i * num_test;
      const int64_t found =
          kernels::find_greater(row, floors.data(), num_test, places.data());
      for (int64_t f = 0; f < found; ++f) {
        const auto m = static_cast<size_t>(places[static_cast<size_t>(f)]);
        heaps[m].offer({row[m], static_cast<int32_t>(n + i)});
        floors[m] = heaps[m].floor();
      }
    }
  }
  std::vector<std::vector<Neighbour>> nearest;
  nearest.reserve(heaps.size());
  for (NearestHeap& heap : heaps) {
    nearest.push_back(heap.take());
  }
  return nearest;
}

}  // namespace nadir::eval
