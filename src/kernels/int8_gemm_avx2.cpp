// int8_gemm() by AVX2, which has no sum of 8-bit products that cannot
// overflow: values are widened to 16 bits first. Compiled for that instruction
// set; empty elsewhere than on x86.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/int8_tile.h"

namespace nadir::kernels {
namespace {

struct DotAvx2 {
  static constexpr int64_t kRows = 3;
  static constexpr int64_t kPanels = 1;

  // Two halves a column, four columns a vector: added up at the end.
  struct Sums {
    __m256i halves[4] = {
        _mm256_setzero_si256(),
        _mm256_setzero_si256(),
        _mm256_setzero_si256(),
        _mm256_setzero_si256()};

    void add(int32_t four, const int8_t* group) {
      const __m256i row = _mm256_cvtepu8_epi16(_mm_set1_epi32(four));
#pragma GCC unroll 4
      for (int64_t i = 0; i < 4; ++i) {
        const __m256i column = _mm256_cvtepi8_epi16(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(group + 16 * i)));
        halves[i] = _mm256_add_epi32(halves[i], _mm256_madd_epi16(row, column));
      }
    }

    void store(int32_t* out) const {
      for (int64_t i = 0; i < 4; ++i) {
        alignas(32) int32_t pairs[8];
        _mm256_store_si256(reinterpret_cast<__m256i*>(pairs), halves[i]);
        for (int64_t j = 0; j < 4; ++j) {
          out[4 * i + j] = pairs[2 * j] + pairs[2 * j + 1];
        }
      }
    }
  };
};

}  // namespace

Int8Gemm* const int8_gemm_avx2 = int8_gemm_by<DotAvx2>;

}  // namespace nadir::kernels
#endif
