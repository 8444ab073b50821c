#include "ops/weight_gradient.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "ops/chunks.h"

namespace nadir::ops {
namespace {

// Rows that are summed at a time.
constexpr int64_t kBlockTerms = 384;

}  // namespace

// The inputs are packed once, block by block; then threads take rows of the
// weight, and read all of them.
at::Tensor weight_gradient(
    const at::Tensor& grads, const at::Tensor& inputs, WeightFormat format) {
  const Products& products = products_in(format);
  const int64_t num_rows = grads.size(0);
  const int64_t num_out = grads.size(1);
  const int64_t num_in = inputs.size(1);
  if (num_rows == 0) {
    return at::zeros({num_out, num_in}, at::kFloat);
  }
  auto weight = at::empty({num_out, num_in}, at::kFloat);
  const int64_t num_blocks = (num_rows + kBlockTerms - 1) / kBlockTerms;
  const int64_t block_size = products.packed_size(kBlockTerms, num_in);
  const int64_t last_terms = num_rows - (num_blocks - 1) * kBlockTerms;
  const auto packed = at::empty(
      {(num_blocks - 1) * block_size +
       products.packed_size(last_terms, num_in)},
      at::kFloat);
  const auto* const grad = grads.const_data_ptr<float>();
  const auto* const input = inputs.const_data_ptr<float>();
  auto* const blocks = packed.data_ptr<float>();
  auto* const out = weight.data_ptr<float>();
  for_each_item(num_blocks, 0, [&](int64_t block, float* /*none*/) {
    const int64_t row = block * kBlockTerms;
    products.pack(
        {input + row * inputs.stride(0), inputs.stride(0)},
        std::min(kBlockTerms, num_rows - row),
        num_in,
        blocks + block * block_size);
  });
  for_each_chunk(
      num_out,
      products.scratch_size(kBlockTerms),
      [&](int64_t /*chunk*/, int64_t first, int64_t count, float* scratch) {
        for (int64_t block = 0; block < num_blocks; ++block) {
          const int64_t row = block * kBlockTerms;
          products.multiply(
              {{grad + row * grads.stride(0) + first, grads.stride(0), true},
               count,
               std::min(kBlockTerms, num_rows - row),
               blocks + block * block_size,
               num_in,
               row == 0 ? kernels::GemmInit::kReplace
                        : kernels::GemmInit::kAccumulate,
               nullptr,
               out + first * num_in,
               num_in,
               scratch});
        }
      });
  return weight;
}

ChunkSums::ChunkSums(int64_t num_chunks, int64_t num_cols)
    : sums_(at::zeros({num_chunks, num_cols}, at::kFloat)) {}

float* ChunkSums::of_chunk(int64_t chunk) {
  return sums_.data_ptr<float>() + chunk * sums_.size(1);
}

void ChunkSums::add(
    const float* rows, int64_t num_rows, int64_t num_cols, float* sums) {
  for (int64_t r = 0; r < num_rows; ++r) {
    const float* const row = rows + r * num_cols;
    for (int64_t i = 0; i < num_cols; ++i) {
      sums[i] += row[i];
    }
  }
}

at::Tensor ChunkSums::total() const {
  return sums_.sum(0);
}

}  // namespace nadir::ops
