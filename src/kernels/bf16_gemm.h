// Products of float32 matrices whose numbers are rounded to bfloat16 first (to
// the nearest, ties to even), with sums in float32: twice the multiply-adds an
// instruction where the processor has AVX-512 BF16, the products of gemm.h on
// rounded numbers elsewhere. Levels differ by rounding.
//
// As gemm.h: one thread, the right matrix packed into panels, callers share the
// work out. No rows are picked here. Packed numbers are rounded, and so is the
// left matrix as it goes; nothing else is.
#pragma once

#include "kernels/gemm.h"

namespace nadir::kernels {

// At the level in use. Panel p of a packed matrix begins at packed_size(k, p *
// panel_cols()); what is packed is aligned to 64 bytes.
[[nodiscard]] const Products& bf16_products();

// Whether this processor has instructions for it.
[[nodiscard]] bool has_fast_bf16();

// Whether they are those of AMX, which multiply tiles.
[[nodiscard]] bool has_bf16_tiles();

// `value` with the 8 bits of precision that bfloat16 has. Infinity stays, NaN
// stays NaN.
[[nodiscard]] float round_to_bf16(float value);

}  // namespace nadir::kernels
