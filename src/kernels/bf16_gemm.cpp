#include "kernels/bf16_gemm.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <hwy/targets.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "core/error.h"
#include "kernels/bf16_level.h"
#include "kernels/isa.h"

namespace nadir::kernels {
namespace {

// Rows that are rounded at a time where there are no instructions.
constexpr int64_t kBlockRows = 48;

// Stored rows of `count` values, rounded and beside each other.
void round_rows(
    const MatrixView& src, int64_t num_rows, int64_t count, float* out) {
  for (int64_t row = 0; row < num_rows; ++row) {
    std::transform(
        src.stored_row(row),
        src.stored_row(row) + count,
        out + row * count,
        round_to_bf16);
  }
}

// Whether tiles of AMX may be used: the processor has them, and the system
// keeps room for them. Intel 64 manual, volume 1, chapter 18; Linux's
// arch/x86/xstate.rst.
bool has_amx() {
#if defined(__x86_64__)
  static const bool has = [] {
    constexpr unsigned kBf16 = 1U << 22;
    constexpr unsigned kTiles = 1U << 24;
    constexpr long kAskForState = 0x1023;
    constexpr long kTileData = 18;
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 &&
           (edx & (kBf16 | kTiles)) == (kBf16 | kTiles) &&
           syscall(SYS_arch_prctl, kAskForState, kTileData) == 0;
  }();
  return has;
#else
  return false;
#endif
}

// Null where there are no instructions for it.
const Bf16Level* find_level() {
#if defined(__x86_64__)
  if (allows_target(HWY_AVX3) && __builtin_cpu_supports("avx512bf16")) {
    return has_amx() ? &bf16_by_amx : &bf16_by_avx512;
  }
#endif
  return nullptr;
}

}  // namespace

float round_to_bf16(float value) {
  if (std::isnan(value)) {
    return value;
  }
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t half_less_one = 0x7FFF + ((bits >> 16) & 1);
  return std::bit_cast<float>((bits + half_less_one) & 0xFFFF0000U);
}

bool has_fast_bf16() {
  return find_level() != nullptr;
}

bool has_bf16_tiles() {
#if defined(__x86_64__)
  return find_level() == &bf16_by_amx;
#else
  return false;
#endif
}

int64_t bf16_panel_cols() {
  const auto* const level = find_level();
  return level != nullptr ? level->panel_cols : gemm_panel_cols();
}

int64_t bf16_packed_size(int64_t k, int64_t n) {
  const auto* const level = find_level();
  return level != nullptr ? level->packed_size(k, n) : gemm_packed_size(k, n);
}

int64_t bf16_scratch_size(int64_t k) {
  if (const auto* const level = find_level()) {
    return level->scratch_size(k);
  }
  return gemm_scratch_size(k) + kBlockRows * k;
}

void bf16_pack(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  NADIR_ASSERT(b.picked == nullptr);
  if (const auto* const level = find_level()) {
    level->pack(b, k, n, packed);
    return;
  }
  gemm_pack(b, k, n, packed);
  std::transform(
      packed, packed + gemm_packed_size(k, n), packed, round_to_bf16);
}

void bf16_gemm(const GemmCall& call) {
  const auto& [a, m, k, packed, n, init, bias, c, c_stride, scratch] = call;
  NADIR_ASSERT(a.picked == nullptr);
  if (const auto* const level = find_level()) {
    level->multiply(call);
    return;
  }
  float* const values = scratch + gemm_scratch_size(k);
  for (int64_t row = 0; row < m; row += kBlockRows) {
    const int64_t num_rows = std::min(kBlockRows, m - row);
    MatrixView rounded{values, k};
    if (a.is_transposed) {
      rounded = {values, num_rows, true};
      round_rows(a.at(row, 0), k, num_rows, values);
    } else {
      round_rows(a.at(row, 0), num_rows, k, values);
    }
    gemm(
        {rounded,
         num_rows,
         k,
         packed,
         n,
         init,
         bias,
         c + row * c_stride,
         c_stride,
         scratch});
  }
}

}  // namespace nadir::kernels
