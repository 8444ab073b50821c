// Products of float32 matrices whose numbers are rounded to bfloat16 first (to
// the nearest, ties to even), with sums in float32: twice the multiply-adds an
// instruction where the processor has AVX-512 BF16, the products of gemm.h on
// rounded numbers elsewhere. Levels differ by rounding.
//
// As gemm.h: one thread, the right matrix packed into panels, callers share the
// work out. No rows are picked here.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"

namespace nadir::kernels {

// Columns of a panel.
[[nodiscard]] int64_t bf16_panel_cols();

// Floats of the packed form of a matrix [K, N], and of the scratch that
// bf16_gemm() needs for `k`. Panel p begins at bf16_packed_size(k, p *
// bf16_panel_cols()).
[[nodiscard]] int64_t bf16_packed_size(int64_t k, int64_t n);
[[nodiscard]] int64_t bf16_scratch_size(int64_t k);

// Rounds and packs `b` [K, N]; `packed` is aligned to 64 bytes.
void bf16_pack(const MatrixView& b, int64_t k, int64_t n, float* packed);

// As gemm(), `a` rounded as it goes; nothing else is. No rows are picked.
void bf16_gemm(const GemmCall& call);

// Whether this processor has instructions for it.
[[nodiscard]] bool has_fast_bf16();

// Whether they are those of AMX, which multiply tiles.
[[nodiscard]] bool has_bf16_tiles();

// `value` with the 8 bits of precision that bfloat16 has. Infinity stays, NaN
// stays NaN.
[[nodiscard]] float round_to_bf16(float value);

}  // namespace nadir::kernels
