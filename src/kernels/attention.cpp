#include "kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "core/ceil_div.h"
#include "kernels/gemm.h"
#include "kernels/softmax.h"

namespace nadir::kernels {
namespace {

// Queries whose scores are in memory at a time: with 197 tokens 40 KB.
constexpr int64_t kQueryBlock = 48;

int64_t aligned(int64_t num_floats) {
  constexpr int64_t kFloats = 16;
  return round_up(num_floats, kFloats);
}

// Parts of one scratch, each aligned.
class ScratchParts {
 public:
  explicit ScratchParts(float* scratch) : next_(scratch) {}

  float* take(int64_t num_floats) {
    float* const part = next_;
    next_ += aligned(num_floats);
    return part;
  }

 private:
  float* next_;
};

int64_t products_scratch(
    const AttentionShape& shape, const Products& products) {
  return products.scratch_size(std::max(shape.num_tokens, shape.head_dim));
}

float scale_of(const AttentionShape& shape) {
  return 1 / std::sqrt(static_cast<float>(shape.head_dim));
}

float dot(const float* a, const float* b, int64_t count) {
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

}  // namespace

int64_t attention_scratch_size(
    const AttentionShape& shape, const Products& products) {
  const int64_t n = shape.num_tokens;
  const int64_t h = shape.head_dim;
  return aligned(products_scratch(shape, products)) +
         2 * aligned(products.packed_size(h, n)) +
         aligned(products.packed_size(n, h)) +
         aligned(products.packed_size(kQueryBlock, h)) +
         2 * aligned(kQueryBlock * n) + aligned(kQueryBlock);
}

void attention(
    const AttentionShape& shape,
    const Products& products,
    const float* q,
    const float* k,
    const float* v,
    float* out,
    float* log_sums,
    float* scratch) {
  const int64_t n = shape.num_tokens;
  const int64_t h = shape.head_dim;
  ScratchParts parts(scratch);
  float* const gemm_scratch = parts.take(products_scratch(shape, products));
  float* const keys = parts.take(products.packed_size(h, n));
  float* const values = parts.take(products.packed_size(n, h));
  float* const scores = parts.take(kQueryBlock * n);
  products.pack({k, shape.stride, true}, h, n, keys);
  products.pack({v, shape.stride}, n, h, values);
  for (int64_t first = 0; first < shape.num_queries; first += kQueryBlock) {
    const int64_t count = std::min(kQueryBlock, shape.num_queries - first);
    products.multiply(
        {{q + first * shape.stride, shape.stride},
         count,
         h,
         keys,
         n,
         GemmInit::kReplace,
         nullptr,
         scores,
         n,
         gemm_scratch});
    softmax(scores, count, n, n, scale_of(shape), log_sums + first);
    products.multiply(
        {{scores, n},
         count,
         n,
         values,
         h,
         GemmInit::kReplace,
         nullptr,
         out + first * shape.out_stride,
         shape.out_stride,
         gemm_scratch});
  }
}

// With P the probabilities, dP = dO v^T and dS = P (dP - <dO, O>) / sqrt(h):
//   dv = P^T dO, dq = dS k, dk = dS^T q
void attention_backward(
    const AttentionShape& shape,
    const Products& products,
    const float* q,
    const float* k,
    const float* v,
    const float* out,
    const float* log_sums,
    const float* grad_out,
    float* grad_q,
    float* grad_k,
    float* grad_v,
    float* scratch) {
  const int64_t n = shape.num_tokens;
  const int64_t h = shape.head_dim;
  const int64_t stride = shape.stride;
  ScratchParts parts(scratch);
  float* const gemm_scratch = parts.take(products_scratch(shape, products));
  float* const keys_by_dim = parts.take(products.packed_size(h, n));
  float* const values_by_dim = parts.take(products.packed_size(h, n));
  float* const keys = parts.take(products.packed_size(n, h));
  float* const block_rows = parts.take(products.packed_size(kQueryBlock, h));
  float* const weights = parts.take(kQueryBlock * n);
  float* const grads = parts.take(kQueryBlock * n);
  float* const dots = parts.take(kQueryBlock);
  products.pack({k, stride, true}, h, n, keys_by_dim);
  products.pack({v, stride, true}, h, n, values_by_dim);
  products.pack({k, stride}, n, h, keys);
  for (int64_t first = 0; first < shape.num_queries; first += kQueryBlock) {
    const int64_t count = std::min(kQueryBlock, shape.num_queries - first);
    const MatrixView queries{q + first * stride, stride};
    const MatrixView grad_rows{
        grad_out + first * shape.out_stride, shape.out_stride};
    const float* const out_rows = out + first * shape.out_stride;
    const auto sum_into =
        [&](const float* left, const MatrixView& right, float* sums) {
          products.pack(right, count, h, block_rows);
          products.multiply(
              {{left, n, true},
               n,
               count,
               block_rows,
               h,
               first == 0 ? GemmInit::kReplace : GemmInit::kAccumulate,
               nullptr,
               sums,
               stride,
               gemm_scratch});
        };
    const auto replace =
        [&](const MatrixView& left, const float* packed, float* rows) {
          products.multiply(
              {left,
               count,
               h,
               packed,
               n,
               GemmInit::kReplace,
               nullptr,
               rows,
               n,
               gemm_scratch});
        };
    replace(queries, keys_by_dim, weights);
    softmax_again(weights, count, n, n, scale_of(shape), log_sums + first);
    replace(grad_rows, values_by_dim, grads);
    for (int64_t i = 0; i < count; ++i) {
      dots[i] =
          dot(grad_rows.data + i * shape.out_stride,
              out_rows + i * shape.out_stride,
              h);
    }
    sum_into(weights, grad_rows, grad_v);
    softmax_backward(weights, count, n, n, scale_of(shape), dots, grads);
    products.multiply(
        {{grads, n},
         count,
         n,
         keys,
         h,
         GemmInit::kReplace,
         nullptr,
         grad_q + first * stride,
         stride,
         gemm_scratch});
    sum_into(grads, queries, grad_k);
  }
}

}  // namespace nadir::kernels
