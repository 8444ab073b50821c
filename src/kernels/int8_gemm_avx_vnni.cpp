// int8_gemm() by AVX-VNNI, which laptops have without AVX-512: vpdpbusd over 32
// pairs. Compiled for that instruction set; empty elsewhere than on x86.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/int8_tile.h"

namespace nadir::kernels {
namespace {

struct DotAvxVnni {
  static constexpr int64_t kRows = 6;
  static constexpr int64_t kPanels = 1;

  struct Sums {
    __m256i left = _mm256_setzero_si256();
    __m256i right = _mm256_setzero_si256();

    void add(int32_t four, const int8_t* group) {
      const auto* const columns = reinterpret_cast<const __m256i*>(group);
      const __m256i row = _mm256_set1_epi32(four);
      left = _mm256_dpbusd_avx_epi32(left, row, _mm256_loadu_si256(columns));
      right =
          _mm256_dpbusd_avx_epi32(right, row, _mm256_loadu_si256(columns + 1));
    }

    void store(int32_t* out) const {
      auto* const columns = reinterpret_cast<__m256i*>(out);
      _mm256_storeu_si256(columns, left);
      _mm256_storeu_si256(columns + 1, right);
    }
  };
};

}  // namespace

Int8Gemm* const int8_gemm_avx_vnni = int8_gemm_by<DotAvxVnni>;

}  // namespace nadir::kernels
#endif
