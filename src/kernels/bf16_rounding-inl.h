// float32 rounded to pairs of bfloat16 by AVX-512 BF16: what the kernels that
// multiply such pairs share. Private to the room, and to files compiled for
// that instruction set, in each of which these functions are its own.
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

// Neighbours in a row become pairs: of `count` values, or of the first 32. What
// is not there is 0.
inline __m512i round_pairs(const float* row, int64_t count) {
  const auto low = _mm512_maskz_loadu_ps(first_lanes(count), row);
  const auto high =
      _mm512_maskz_loadu_ps(first_lanes(count - kBf16Lanes), row + kBf16Lanes);
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// (count + 1) / 2 of them.
inline void round_row(const float* row, int64_t count, uint32_t* pairs) {
  for (int64_t i = 0; i < count; i += 2 * kBf16Lanes) {
    _mm512_mask_storeu_epi32(
        pairs + i / 2,
        first_lanes(num_pairs_of(count - i)),
        round_pairs(row + i, count - i));
  }
}

// GCC 12 warns of the unmasked forms of what follows (its bug 105593).
inline __m512i round_lanes(__mmask16 mask, const float* values) {
  return _mm512_maskz_cvtepu16_epi32(
      mask,
      reinterpret_cast<__m256i>(
          _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, values))));
}

// Values under each other in two rows become pairs: of `count`, or of the first
// 16. What is not there is 0, and so is the second row where it is null.
inline __m512i round_two_rows(
    const float* first, const float* second, int64_t count) {
  const auto mask = first_lanes(count);
  const auto low = round_lanes(mask, first);
  if (second == nullptr) {
    return low;
  }
  return _mm512_or_si512(
      low, _mm512_maskz_slli_epi32(mask, round_lanes(mask, second), 16));
}

// kWidth of them.
template <int64_t kWidth>
void round_two_rows(
    const float* first, const float* second, int64_t count, uint32_t* pairs) {
  for (int64_t i = 0; i < kWidth; i += kBf16Lanes) {
    _mm512_storeu_si512(
        pairs + i,
        round_two_rows(
            first + i, second == nullptr ? nullptr : second + i, count - i));
  }
}

// Rows of 16 become columns.
inline void transpose(__m512i (&rows)[kBf16Lanes]) {
  constexpr __mmask16 kAll = 0xFFFF;
  constexpr __mmask8 kAllHalves = 0xFF;
  __m512i twos[kBf16Lanes];
  for (int64_t i = 0; i < kBf16Lanes; i += 2) {
    twos[i] = _mm512_maskz_unpacklo_epi32(kAll, rows[i], rows[i + 1]);
    twos[i + 1] = _mm512_maskz_unpackhi_epi32(kAll, rows[i], rows[i + 1]);
  }
  __m512i fours[kBf16Lanes];
  for (int64_t i = 0; i < kBf16Lanes; i += 4) {
    for (int64_t half = 0; half < 2; ++half) {
      fours[i + 2 * half] = _mm512_maskz_unpacklo_epi64(
          kAllHalves, twos[i + half], twos[i + half + 2]);
      fours[i + 2 * half + 1] = _mm512_maskz_unpackhi_epi64(
          kAllHalves, twos[i + half], twos[i + half + 2]);
    }
  }
  for (int64_t i = 0; i < 4; ++i) {
    const auto even0 =
        _mm512_maskz_shuffle_i32x4(kAll, fours[i], fours[4 + i], 0x88);
    const auto even1 =
        _mm512_maskz_shuffle_i32x4(kAll, fours[8 + i], fours[12 + i], 0x88);
    const auto odd0 =
        _mm512_maskz_shuffle_i32x4(kAll, fours[i], fours[4 + i], 0xDD);
    const auto odd1 =
        _mm512_maskz_shuffle_i32x4(kAll, fours[8 + i], fours[12 + i], 0xDD);
    rows[i] = _mm512_maskz_shuffle_i32x4(kAll, even0, even1, 0x88);
    rows[4 + i] = _mm512_maskz_shuffle_i32x4(kAll, odd0, odd1, 0x88);
    rows[8 + i] = _mm512_maskz_shuffle_i32x4(kAll, even0, even1, 0xDD);
    rows[12 + i] = _mm512_maskz_shuffle_i32x4(kAll, odd0, odd1, 0xDD);
  }
}

// Panels of kWidth columns of a transposed `b` [K, N], each of `num_pairs`
// pairs, 0 where there are no more terms.
template <int64_t kWidth>
void round_transposed(
    const MatrixView& b,
    int64_t k,
    int64_t n,
    int64_t num_pairs,
    uint32_t* panel) {
  for (int64_t col = 0; col < n; col += kWidth) {
    for (int64_t pair = 0; pair < num_pairs; pair += kBf16Lanes) {
      for (int64_t part = 0; part < kWidth; part += kBf16Lanes) {
        __m512i tile[kBf16Lanes];
        for (int64_t i = 0; i < kBf16Lanes; ++i) {
          const int64_t row = col + part + i;
          tile[i] =
              row < n ? round_pairs(stored_row(b, row) + 2 * pair, k - 2 * pair)
                      : _mm512_setzero_si512();
        }
        transpose(tile);
        for (int64_t i = 0; i < smaller(kBf16Lanes, num_pairs - pair); ++i) {
          _mm512_storeu_si512(panel + (pair + i) * kWidth + part, tile[i]);
        }
      }
    }
    panel += num_pairs * kWidth;
  }
}

}  // namespace
}  // namespace nadir::kernels
