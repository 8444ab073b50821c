// What int16_gemm() can be beside Highway's levels. Private to the room.
#pragma once

#include <cstdint>

namespace nadir::kernels {

// By AVX-512 VNNI, which multiplies pairs and adds them to a sum at once: from
// rows packed in panels of 32. Only on processors that have it.
void int16_gemm_vnni(
    const int16_t* rows,
    int64_t m,
    int64_t k,
    const int16_t* packed,
    int64_t n,
    int32_t* products);

}  // namespace nadir::kernels
