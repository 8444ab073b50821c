#include "ops/weight_gradient.h"

#include <algorithm>

#include <ATen/ATen.h>

#include "kernels/gemm.h"
#include "ops/chunks.h"

namespace nadir::ops {
namespace {

// A thread's share of the weight: large, so that rows are packed seldom; and
// the rows that are summed at a time.
constexpr int64_t kBlockOut = 384;
constexpr int64_t kBlockIn = 384;
constexpr int64_t kBlockTerms = 384;

}  // namespace

at::Tensor weight_gradient(const at::Tensor& grads, const at::Tensor& inputs) {
  const int64_t num_rows = grads.size(0);
  const int64_t num_out = grads.size(1);
  const int64_t num_in = inputs.size(1);
  auto weight = num_rows > 0 ? at::empty({num_out, num_in}, at::kFloat)
                             : at::zeros({num_out, num_in}, at::kFloat);
  const auto* const grad = grads.const_data_ptr<float>();
  const auto* const input = inputs.const_data_ptr<float>();
  auto* const out = weight.data_ptr<float>();
  const int64_t packed_size = kernels::gemm_packed_size(kBlockTerms, kBlockIn);
  const int64_t blocks_in = (num_in + kBlockIn - 1) / kBlockIn;
  const int64_t blocks_out = (num_out + kBlockOut - 1) / kBlockOut;
  for_each_item(
      blocks_in * blocks_out,
      packed_size + kernels::gemm_scratch_size(kBlockTerms),
      [&](int64_t item, float* packed) {
        const int64_t in = item % blocks_in * kBlockIn;
        const int64_t first = item / blocks_in * kBlockOut;
        const int64_t width = std::min(kBlockIn, num_in - in);
        for (int64_t row = 0; row < num_rows; row += kBlockTerms) {
          const int64_t terms = std::min(kBlockTerms, num_rows - row);
          kernels::gemm_pack(
              {input + row * inputs.stride(0) + in, inputs.stride(0)},
              terms,
              width,
              packed);
          kernels::gemm(
              {grad + row * grads.stride(0) + first, grads.stride(0), true},
              std::min(kBlockOut, num_out - first),
              terms,
              packed,
              width,
              row == 0 ? kernels::GemmInit::kReplace
                       : kernels::GemmInit::kAccumulate,
              nullptr,
              out + first * num_in + in,
              num_in,
              packed + packed_size);
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
