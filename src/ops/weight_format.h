// The numbers that products by a weight are computed in.
#pragma once

#include "kernels/bf16_gemm.h"
#include "kernels/gemm.h"

namespace nadir::ops {

// kBfloat16 rounds factors, sums stay float32. kInt8 is for inference, where
// QuantizedWeight multiplies.
enum class WeightFormat { kFloat32, kBfloat16, kInt8 };

// Those of float32 for all formats but kBfloat16.
[[nodiscard]] inline const kernels::Products& products_in(WeightFormat format) {
  return format == WeightFormat::kBfloat16 ? kernels::bf16_products()
                                           : kernels::float32_products;
}

}  // namespace nadir::ops
