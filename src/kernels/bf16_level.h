// What bf16_gemm() can be by. Private to the room.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"

namespace nadir::kernels {

// Functions as those of bf16_gemm.h.
struct Bf16Level {
  int64_t panel_cols;
  int64_t (*packed_size)(int64_t k, int64_t n);
  int64_t (*scratch_size)(int64_t k);
  void (*pack)(const MatrixView& b, int64_t k, int64_t n, float* packed);
  void (*multiply)(const GemmCall& call);
};

// Only on processors with these instructions; of AMX once its tiles were asked
// for from the kernel of the system.
extern const Bf16Level bf16_by_avx512;
extern const Bf16Level bf16_by_amx;

}  // namespace nadir::kernels
