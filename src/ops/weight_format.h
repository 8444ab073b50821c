// The numbers that products by a weight are computed in.
#pragma once

#include "kernels/bf16_gemm.h"
#include "kernels/gemm.h"

namespace nadir::ops {

// kBfloat16 rounds factors, sums stay float32. kInt8 is for inference, where
// QuantizedWeight multiplies.
enum class WeightFormat { kFloat32, kBfloat16, kInt8 };

// The kernels of gemm.h or of bf16_gemm.h, as those say of each. A packed part
// begins at column `col`, a multiple of panel_cols(), at packed_size(k, col)
// floats.
struct Products {
  decltype(&kernels::gemm_panel_cols) panel_cols;
  decltype(&kernels::gemm_packed_size) packed_size;
  decltype(&kernels::gemm_scratch_size) scratch_size;
  decltype(&kernels::gemm_pack) pack;
  decltype(&kernels::gemm) multiply;
};

inline constexpr Products kFloat32Products = {
    kernels::gemm_panel_cols,
    kernels::gemm_packed_size,
    kernels::gemm_scratch_size,
    kernels::gemm_pack,
    kernels::gemm};

inline constexpr Products kBfloat16Products = {
    kernels::bf16_panel_cols,
    kernels::bf16_packed_size,
    kernels::bf16_scratch_size,
    kernels::bf16_pack,
    kernels::bf16_gemm};

// Those of float32 for all formats but kBfloat16.
[[nodiscard]] constexpr const Products& products_in(WeightFormat format) {
  return format == WeightFormat::kBfloat16 ? kBfloat16Products
                                           : kFloat32Products;
}

}  // namespace nadir::ops
