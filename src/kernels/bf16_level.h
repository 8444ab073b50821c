// What bf16_products() can be. Private to the room.
#pragma once

#include "kernels/gemm.h"

namespace nadir::kernels {

// Only on processors with these instructions; of AMX once its tiles were asked
// for from the kernel of the system.
extern const Products bf16_by_avx512;
extern const Products bf16_by_amx;

}  // namespace nadir::kernels
