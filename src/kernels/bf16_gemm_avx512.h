// bf16_gemm() by AVX-512 BF16. Only where the processor has it. Private to the
// room.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"

namespace nadir::kernels::avx512_bf16 {

constexpr int64_t kPanelCols = 32;

// As those of bf16_gemm.h.
int64_t packed_size(int64_t k, int64_t n);
int64_t scratch_size();
void pack(const MatrixView& b, int64_t k, int64_t n, float* packed);
void gemm(
    const MatrixView& a,
    int64_t m,
    int64_t k,
    const float* packed,
    int64_t n,
    GemmInit init,
    const float* bias,
    float* c,
    int64_t c_stride,
    float* scratch);

}  // namespace nadir::kernels::avx512_bf16
