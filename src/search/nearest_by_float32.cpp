#include "search/nearest_by_float32.h"

#include <algorithm>

#include "core/aligned.h"
#include "kernels/gemm.h"
#include "kernels/greater.h"
#include "search/nearest_heap.h"

namespace nadir::search {
namespace {

constexpr int64_t kFloatTile = 48;  // vectors that are looked at at a time
constexpr int64_t kTilesBetweenQuestions = 256;

}  // namespace

std::vector<Neighbours> nearest_by_float32(
    const Vectors& vectors,
    const Vectors& queries,
    const std::vector<int64_t>& rows,
    int64_t count,
    const std::function<void()>& before_block) {
  const auto num_queries = static_cast<int64_t>(rows.size());
  const int64_t width = vectors.width;
  const kernels::MatrixView all = {vectors.values, width};
  std::vector<float> wanted;
  for (const int64_t row : rows) {
    wanted.insert(
        wanted.end(), queries.row(row).begin(), queries.row(row).end());
  }
  AlignedFloats packed(kernels::gemm_packed_size(width, num_queries));
  AlignedFloats scratch(kernels::gemm_scratch_size(width));
  AlignedFloats similarities(kFloatTile * num_queries);
  kernels::gemm_pack(
      {wanted.data(), width, true}, width, num_queries, packed.data());
  std::vector<NearestHeap> heaps(rows.size(), NearestHeap(count));
  std::vector<float> floors(rows.size(), NearestHeap(count).floor());
  std::vector<int32_t> places(rows.size());
  for (int64_t n = 0; n < vectors.size; n += kFloatTile) {
    if (before_block && n % (kFloatTile * kTilesBetweenQuestions) == 0) {
      before_block();
    }
    const int64_t tile = std::min(kFloatTile, vectors.size - n);
    kernels::gemm(
        {all.at(n, 0),
         tile,
         width,
         packed.data(),
         num_queries,
         kernels::GemmInit::kReplace,
         nullptr,
         similarities.data(),
         num_queries,
         scratch.data()});
    for (int64_t i = 0; i < tile; ++i) {
      const float* const of_one = similarities.data() + i * num_queries;
      const int64_t found = kernels::find_greater(
          of_one, floors.data(), num_queries, places.data());
      for (int64_t f = 0; f < found; ++f) {
        const auto m = static_cast<size_t>(places[static_cast<size_t>(f)]);
        heaps[m].add({n + i, of_one[m]});
        floors[m] = heaps[m].floor();
      }
    }
  }
  std::vector<Neighbours> nearest;
  nearest.reserve(heaps.size());
  for (NearestHeap& heap : heaps) {
    nearest.push_back(heap.take());
  }
  return nearest;
}

}  // namespace nadir::search
