// What int16_gemm() can be beside Highway's levels. Private to the room.
#pragma once

#include "kernels/int16_gemm.h"

namespace nadir::kernels {

// By AVX-512 VNNI, which multiplies pairs and adds them to a sum at once: from
// rows packed in panels of 32. Only on processors that have it.
void int16_gemm_vnni(const Int16GemmCall& call);

}  // namespace nadir::kernels
