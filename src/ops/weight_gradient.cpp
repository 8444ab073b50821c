#include "ops/weight_gradient.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "ops/chunks.h"

namespace nadir::ops {
namespace {

// Rows that are summed at a time: whole chunks.
constexpr int64_t kBlockTerms = 8 * kChunkRows;

int64_t num_blocks_of(int64_t num_rows) {
  return ceil_div(num_rows, kBlockTerms);
}

// Rows of a part of the weight: in the kernels' blocks of 48, so that a panel
// that comes from the third level of cache serves two of them.
constexpr int64_t kPartRows = 96;

// The parts that threads take: kPartRows rows each and all columns, or fewer
// where that gives some threads nothing to do.
struct WeightParts {
  WeightParts(int64_t num_out, int64_t num_in, int64_t panel_cols)
      : down(ceil_div(num_out, kPartRows)) {
    const int64_t num_panels = ceil_div(num_in, panel_cols);
    const int64_t wanted =
        std::clamp<int64_t>(2 * at::get_num_threads() / down, 1, num_panels);
    num_cols = ceil_div(num_panels, wanted) * panel_cols;
    across = ceil_div(num_in, num_cols);
  }

  [[nodiscard]] int64_t count() const { return down * across; }

  int64_t down;
  int64_t across;
  int64_t num_cols;  // of a part
};

}  // namespace

// The last block has fewer terms, but no less room.
WeightGradient::WeightGradient(
    int64_t num_rows, int64_t num_out, int64_t num_in, WeightFormat format)
    : products_(products_in(format)),
      num_rows_(num_rows),
      num_out_(num_out),
      num_in_(num_in),
      bias_(num_chunks_of(num_rows), num_out) {
  const int64_t terms = std::min(num_rows, kBlockTerms);
  left_ = at::empty(
      {num_blocks_of(num_rows), products_.left_size(terms, num_out)},
      at::kFloat);
  right_ = at::empty(
      {num_blocks_of(num_rows), products_.packed_size(terms, num_in)},
      at::kFloat);
}

void WeightGradient::add(
    int64_t first,
    int64_t count,
    const float* grads,
    int64_t stride,
    const float* inputs) {
  NADIR_ASSERT(first % kChunkRows == 0 && count <= kChunkRows);
  // First, since it reads row by row, as they lie in memory.
  float* const sums = bias_.of_chunk(first / kChunkRows);
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t i = 0; i < num_out_; ++i) {
      sums[i] += grads[r * stride + i];
    }
  }
  const int64_t block = first / kBlockTerms;
  const kernels::Terms terms{first % kBlockTerms, count, terms_of_block(block)};
  products_.pack_left_terms(
      {grads, stride}, terms, num_out_, left_of_block(block));
  products_.pack_terms(
      {inputs, num_in_}, terms, num_in_, right_of_block(block));
}

// Threads take parts of the weight, and read the rows of those from first to
// last.
at::Tensor WeightGradient::weight() const {
  if (num_rows_ == 0) {
    return at::zeros({num_out_, num_in_}, at::kFloat);
  }
  auto sum = at::empty({num_out_, num_in_}, at::kFloat);
  const WeightParts parts(num_out_, num_in_, products_.panel_cols());
  for_each_item(
      parts.count(),
      products_.scratch_size(kBlockTerms),
      [&](int64_t item, float* scratch) {
        const int64_t out = item / parts.across * kPartRows;
        const int64_t in = item % parts.across * parts.num_cols;
        const int64_t num_cols = std::min(parts.num_cols, num_in_ - in);
        for (int64_t block = 0; block < num_blocks_of(num_rows_); ++block) {
          const int64_t terms = terms_of_block(block);
          products_.multiply(
              {{},
               std::min(kPartRows, num_out_ - out),
               terms,
               right_of_block(block) + products_.packed_size(terms, in),
               num_cols,
               block == 0 ? kernels::GemmInit::kReplace
                          : kernels::GemmInit::kAccumulate,
               nullptr,
               sum.data_ptr<float>() + out * num_in_ + in,
               num_in_,
               scratch,
               left_of_block(block) + products_.left_size(terms, out)});
        }
      });
  return sum;
}

int64_t WeightGradient::terms_of_block(int64_t block) const {
  return std::min(kBlockTerms, num_rows_ - block * kBlockTerms);
}

float* WeightGradient::left_of_block(int64_t block) const {
  return left_.data_ptr<float>() + block * left_.size(1);
}

float* WeightGradient::right_of_block(int64_t block) const {
  return right_.data_ptr<float>() + block * right_.size(1);
}

ChunkSums::ChunkSums(int64_t num_chunks, int64_t num_cols)
    : sums_(at::zeros({num_chunks, num_cols}, at::kFloat)) {}

float* ChunkSums::of_chunk(int64_t chunk) {
  return sums_.data_ptr<float>() + chunk * sums_.size(1);
}

at::Tensor ChunkSums::total() const {
  return sums_.sum(0);
}

}  // namespace nadir::ops
