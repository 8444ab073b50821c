// float32 rounded to pairs of bfloat16 by AVX-512 BF16: what the kernels that
// multiply such pairs share. Private to the room, and to files compiled for that
// instruction set, in each of which these functions are its own.
#pragma once

#include <cstdint>

#include <immintrin.h>

#include "kernels/gemm.h"

namespace nadir::kernels {
namespace {

constexpr int64_t kBf16Lanes = 16;

inline int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}

inline int64_t num_pairs_of(int64_t num_terms) {
  return (num_terms + 1) / 2;
}

inline __mmask16 first_lanes(int64_t count) {
  return count >= kBf16Lanes ? static_cast<__mmask16>(0xFFFF)
         : count <= 0        ? static_cast<__mmask16>(0)
                             : static_cast<__mmask16>((1U << count) - 1);
}

inline const float* stored_row(const MatrixView& view, int64_t row) {
  return view.data + row * view.stride;
}

// Neighbours in a row become pairs: (count + 1) / 2 of them.
inline void round_row(const float* row, int64_t count, uint32_t* pairs) {
  for (int64_t i = 0; i < count; i += 2 * kBf16Lanes) {
    const auto low = _mm512_maskz_loadu_ps(first_lanes(count - i), row + i);
    const auto high = _mm512_maskz_loadu_ps(
        first_lanes(count - i - kBf16Lanes), row + i + kBf16Lanes);
    _mm512_mask_storeu_epi32(
        pairs + i / 2,
        first_lanes(num_pairs_of(count - i)),
        reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
  }
}

// GCC 12 warns of the unmasked forms of what follows (its bug 105593).
inline __m512i round_lanes(__mmask16 mask, const float* values) {
  return _mm512_maskz_cvtepu16_epi32(
      mask,
      reinterpret_cast<__m256i>(
          _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, values))));
}

// Values under each other in two rows become pairs: kWidth of them, 0 where
// there are no more values. Without a second row it is 0.
template <int64_t kWidth>
void round_two_rows(
    const float* first, const float* second, int64_t count, uint32_t* pairs) {
  for (int64_t i = 0; i < kWidth; i += kBf16Lanes) {
    const auto mask = first_lanes(count - i);
    const auto low = round_lanes(mask, first + i);
    const auto high = second == nullptr ? _mm512_setzero_si512()
                                        : round_lanes(mask, second + i);
    _mm512_storeu_si512(
        pairs + i,
        _mm512_or_si512(low, _mm512_maskz_slli_epi32(mask, high, 16)));
  }
}

}  // namespace
}  // namespace nadir::kernels
