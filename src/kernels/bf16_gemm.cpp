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

#include "core/aligned.h"
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

// What follows is bf16_products() where there are no instructions: the kernels
// of float32 on rounded numbers.
int64_t scratch_size(int64_t k) {
  return gemm_scratch_size(k) + kBlockRows * k;
}

void pack(const MatrixView& b, int64_t k, int64_t n, float* packed) {
  NADIR_ASSERT(b.picked == nullptr);
  gemm_pack(b, k, n, packed);
  std::transform(
      packed, packed + gemm_packed_size(k, n), packed, round_to_bf16);
}

void pack_terms(
    const MatrixView& rows, const Terms& terms, int64_t n, float* packed) {
  AlignedFloats rounded(terms.count * n);
  round_rows(rows, terms.count, n, rounded.data());
  gemm_pack_terms({rounded.data(), n}, terms, n, packed);
}

void pack_left_terms(
    const MatrixView& rows, const Terms& terms, int64_t m, float* packed_left) {
  AlignedFloats rounded(terms.count * m);
  round_rows(rows, terms.count, m, rounded.data());
  gemm_pack_left_terms({rounded.data(), m}, terms, m, packed_left);
}

void multiply(const GemmCall& call) {
  NADIR_ASSERT(call.a.picked == nullptr);
  if (call.packed_left != nullptr) {
    gemm(call);
    return;
  }
  float* const values = call.scratch + gemm_scratch_size(call.k);
  for (int64_t row = 0; row < call.m; row += kBlockRows) {
    GemmCall part = call;
    part.m = std::min(kBlockRows, call.m - row);
    part.c = call.c + row * call.c_stride;
    if (call.a.is_transposed) {
      part.a = {values, part.m, true};
      round_rows(call.a.at(row, 0), call.k, part.m, values);
    } else {
      part.a = {values, call.k};
      round_rows(call.a.at(row, 0), part.m, call.k, values);
    }
    gemm(part);
  }
}

constexpr Products bf16_by_float32 = {
    gemm_panel_cols,
    gemm_packed_size,
    gemm_left_size,
    scratch_size,
    pack,
    pack_terms,
    pack_left_terms,
    multiply};

// Null where there are no instructions for it.
const Products* find_level() {
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

const Products& bf16_products() {
  const auto* const level = find_level();
  return level != nullptr ? *level : bf16_by_float32;
}

}  // namespace nadir::kernels
