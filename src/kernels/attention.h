// Attention of one head of one image (Vaswani et al. 2017, eq. 1) on one
// thread, in blocks of queries: probabilities are never stored whole
// (Rabe and Staats 2021; Dao et al. 2022 for the gradient).
//
// Scores and what they weigh are `products` of matrices; softmax and its
// gradient are float32 whatever those round.
//
// Queries, keys and values are rows of `head_dim` floats, `stride` apart, as
// they lie beside each other behind a ViT's qkv layer.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"

namespace nadir::kernels {

struct AttentionShape {
  int64_t num_queries = 0;  // the first tokens only, perhaps
  int64_t num_tokens = 0;   // keys and values
  int64_t head_dim = 0;
  int64_t stride = 0;      // of queries, keys, values and their gradients
  int64_t out_stride = 0;  // of the outputs and their gradients
};

// Floats of scratch, aligned to 64 bytes, that either function needs.
[[nodiscard]] int64_t attention_scratch_size(
    const AttentionShape& shape, const Products& products);

// out = softmax(q k^T / sqrt(head_dim)) v; log_sums[query] for the gradient.
void attention(
    const AttentionShape& shape,
    const Products& products,
    const float* q,
    const float* k,
    const float* v,
    float* out,
    float* log_sums,
    float* scratch);

// Writes grad_q [num_queries], grad_k and grad_v [num_tokens] from what went
// in, what came out, and its gradient.
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
    float* scratch);

}  // namespace nadir::kernels
